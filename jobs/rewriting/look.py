"""How many rows of a selection one file has, by as few bytes of it as tell.

A file's end holds its footer and, before that, its Bloom filters: one request mostly brings both.
Where a row group's smallest and largest device, and its filter, leave it possible that one of the
devices is there, its column of devices is read, and says exactly.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.rewriting.selection import DEVICE, Selection
from schemas.errors import IntegrityError
from storage.bloom import BloomFilter, hashes
from storage.ranged import ObjectFile
from storage.store import ObjectStore

_TAIL_BYTES = 16 * 2**10
"""What is read of a file's end at first: of telemetry, the footer takes 10 KiB."""

_MAGIC = b"PAR1"
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Object:
    """An object, and its last bytes.

    Attributes:
        start: Where `tail` begins.
    """

    store: ObjectStore
    key: str
    size: int
    start: int
    tail: bytes

    @classmethod
    def read(cls, store: ObjectStore, key: str, size: int) -> "_Object":
        start = max(size - _TAIL_BYTES, 0)
        return cls(store, key, size, start, store.get_range(key, start, size - start))

    def part(self, start: int, length: int) -> bytes:
        """Some of its bytes, asked for only where the tail does not hold them."""
        if start >= self.start:
            return self.tail[start - self.start :][:length]
        return self.store.get_range(self.key, start, length)

    def footer(self) -> pq.FileMetaData:
        """Its footer, read again where it is longer than the tail."""
        end = self.tail[-_LENGTH_BYTES - len(_MAGIC) :]
        length = len(end) + int.from_bytes(end[:_LENGTH_BYTES], "little")
        if length > self.size:
            raise pa.ArrowInvalid("longer than the file")
        part = self.part(self.size - length, length)
        return pq.read_metadata(pa.BufferReader(_MAGIC + part))

    def open(self, footer: pq.FileMetaData) -> pq.ParquetFile:
        """The whole file, of which only what is wanted is read."""
        if not self.start:
            whole = pa.BufferReader(self.tail)
            return pq.ParquetFile(whole, metadata=footer, page_checksum_verification=True)
        source = pa.PythonFile(ObjectFile(self.store, self.key, self.size), mode="r")
        return pq.ParquetFile(source, metadata=footer, page_checksum_verification=True)


class Look:
    """A selection, to be looked for in one file after the other; threads may share it."""

    def __init__(self, selection: Selection) -> None:
        """Prepare what every file's filter is asked for."""
        self._selection = selection
        self._names = np.array(sorted(selection.devices), object)
        self._hashes = hashes(self._names.tolist())

    def rows(self, store: ObjectStore, key: str, size: int) -> int:
        """How many rows of the selection a file has.

        Args:
            size: Of the object, bytes.

        Raises:
            KeyError: It is gone.
            IntegrityError: It is no data file, or damaged: nobody knows.
            RetryableError: The store gave no answer.
        """
        try:
            found = _Object.read(store, key, size)
            footer = found.footer()
            groups = [i for i in range(footer.num_row_groups) if self._may_have(found, footer, i)]
            return self._count(found, footer, groups) if groups else 0
        except (pa.ArrowException, OSError, ValueError):
            raise IntegrityError(f"{key}: not a data file's bytes") from None

    def _may_have(self, found: _Object, footer: pq.FileMetaData, group: int) -> bool:
        column = _device_column(footer, group)
        within = self._within(column.statistics)
        if not within.any() or column.bloom_filter_offset is None:
            return bool(within.any())
        data = found.part(column.bloom_filter_offset, column.bloom_filter_length)
        return bool(BloomFilter.parse(data).may_have(self._hashes[within]).any())

    def _within(self, bounds: pq.Statistics | None) -> NDArray[np.bool_]:
        """(n,) bool, which of the devices lie between a row group's first and last."""
        if bounds is None or not bounds.has_min_max:
            return np.ones(len(self._names), bool)
        within: NDArray[np.bool_] = (self._names >= bounds.min) & (self._names <= bounds.max)
        return within

    def _count(self, found: _Object, footer: pq.FileMetaData, groups: list[int]) -> int:
        rows = found.open(footer).read_row_groups(groups, columns=[*self._selection.columns])
        return pc.sum(self._selection.has(rows)).as_py() or 0


def _device_column(footer: pq.FileMetaData, group: int) -> pq.ColumnChunkMetaData:
    place = footer.schema.names.index(DEVICE)
    return footer.row_group(group).column(place)
