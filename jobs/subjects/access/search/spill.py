"""Rows that wait on disk while a pass over many files goes on, so that memory stays bounded.

The file has no name and is encrypted under a key that is in this process's memory only: when the
process ends, however it does, nobody can read what is left.
"""

import os
import tempfile
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import pyarrow as pa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows wait.

    Attributes:
        rows: How many.
    """

    start: int
    size: int
    rows: int


class Spill:
    """Tables put aside and got back; of one thread, and gone when it is closed."""

    def __init__(self) -> None:
        """An empty one."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `__exit__`
        self._cipher = AESGCM(AESGCM.generate_key(bit_length=256))

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget everything."""
        self._file.close()

    def put(self, rows: pa.Table) -> Place:
        """Put rows aside."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        start = self._file.seek(0, os.SEEK_END)
        data = self._cipher.encrypt(_nonce(start), sink.getvalue().to_pybytes(), None)
        self._file.write(data)
        return Place(start, len(data), rows.num_rows)

    def get(self, place: Place) -> pa.Table:
        """The rows that were put there."""
        self._file.seek(place.start)
        data = self._cipher.decrypt(_nonce(place.start), self._file.read(place.size), None)
        with pa.ipc.open_stream(data) as reader:
            return reader.read_all()


def _nonce(start: int) -> bytes:
    """Of what begins there: nothing else ever does."""
    return start.to_bytes(_NONCE_BYTES)
