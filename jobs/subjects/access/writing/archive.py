"""An encrypted ZIP: what is in it, and a digest of each part.

Parts are encrypted with AES-256 (WinZip's AE-2), which 7-Zip, WinZip, Keka and others open. Names
and sizes of parts are not encrypted, so no name may tell of whom the archive is. The format makes
the key of a passphrase in 1,000 rounds only: the passphrase has to be long.
"""

import base64
import hashlib
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import pyzipper

from jobs import private_files
from schemas.errors import SettingsError

SHORTEST = 20
"""Characters of a passphrase: with fewer, trying them out is no effort."""

_WORDS, _WORD_BYTES = 5, 5


@dataclass(frozen=True, slots=True)
class Part:
    """What is in an archive under a name.

    Attributes:
        size: Bytes, once it is unpacked.
        sha256: Of those bytes, hexadecimal.
    """

    size: int
    sha256: str


class PartFile(io.RawIOBase):
    """A part that is being written: counts and digests what goes through."""

    def __init__(self, entry: BinaryIO) -> None:
        """Write into an open entry of a ZIP."""
        super().__init__()
        self._entry = entry
        self._digest = hashlib.sha256()
        self._size = 0

    def writable(self) -> bool:
        """It can be written."""
        return True

    def tell(self) -> int:
        """How many bytes there are."""
        return self._size

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Append bytes."""
        self._digest.update(data)
        self._size += (n := memoryview(data).nbytes)
        self._entry.write(bytes(data))
        return n

    @property
    def part(self) -> Part:
        """What was written."""
        return Part(self._size, self._digest.hexdigest())


@dataclass(slots=True)
class Archive:
    """A ZIP that is being written, one part after the other.

    Attributes:
        parts: Name -> what is in it so far.
    """

    _zip: pyzipper.AESZipFile
    _now: datetime
    parts: dict[str, Part] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def create(cls, path: Path, passphrase: str, now: datetime) -> Iterator["Archive"]:
        """A new one, for its owner's eyes only, which is there when the block ends well.

        Nothing is left behind otherwise, nor by a killed process; see `private_files.growing`.

        Raises:
            SettingsError: A file is there already, or the passphrase is short.
        """
        check_passphrase(passphrase)
        with (
            private_files.growing(path) as file,
            pyzipper.AESZipFile(
                file, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
            ) as archive,
        ):
            archive.setpassword(passphrase.encode())
            yield cls(archive, now)

    @contextmanager
    def part(self, name: str) -> Iterator[PartFile]:
        """A new part to be written.

        Args:
            name: Tells nobody's: it is not encrypted.
        """
        info = self._zip.zipinfo_cls(name, self._now.timetuple()[:6])
        info.compress_type = pyzipper.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as entry:
            file = PartFile(entry)
            yield file
        self.parts[name] = file.part

    def put(self, name: str, data: bytes) -> None:
        """Write a whole part."""
        with self.part(name) as file:
            file.write(data)


def new_passphrase() -> str:
    """A passphrase of 200 random bits that can be read out: five groups of letters and digits."""
    groups = (base64.b32encode(secrets.token_bytes(_WORD_BYTES)) for _ in range(_WORDS))
    return "-".join(group.decode().lower() for group in groups)


def check_passphrase(passphrase: str) -> None:
    """See that a passphrase is long enough.

    Raises:
        SettingsError: It is not.
    """
    if len(passphrase) < SHORTEST:
        raise SettingsError(f"the archive's passphrase has to have {SHORTEST} characters or more")
