"""Rotation without a restart: the keyring's file, read again when it was replaced.

Looked at between flushes, so that all rows of a flush are written under one version.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import IntegrityError, RetryableError, SettingsError
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.settings import PREFIX
from streams.stages.pseudonymise import RegionKeys

logger = logging.getLogger(__name__)

_Look = tuple[int, int, int]
"""A file's number, size and time of change: another one after each replacement."""


@dataclass(slots=True)
class WatchedKeyring:
    """The current keys of the served regions; shared by the sinks' threads.

    Attributes:
        path: Of the file; it is replaced in one step.
        unseal: Opens its bytes.
        regions: Served, in order.
    """

    path: Path
    unseal: Callable[[bytes], Keyring] = field(repr=False)
    regions: Sequence[Region]
    _keys: tuple[RegionKeys, ...] = field(default=(), init=False, repr=False)
    _seen: _Look | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def newest(self) -> tuple[RegionKeys, ...]:
        """What new rows are written under; the keys of before where nobody answers.

        Raises:
            SettingsError: The file is not there, or is not right.
            RetryableError: Nobody answers who could open it for the first time.
            IntegrityError: An older keyring was put back: rows would get retired pseudonyms.
        """
        with self._lock:
            look = _look(self.path)
            if look != self._seen:
                try:
                    self._take(look)
                except RetryableError as error:
                    if not self._keys:
                        raise
                    logger.warning("the keyring was replaced and cannot be opened yet: %s", error)
            return self._keys

    def _take(self, look: _Look) -> None:
        keyring = self.unseal(_read(self.path))
        keys = tuple(RegionKeys.current(keyring, region) for region in self.regions)
        for before, now in zip(self._keys, keys, strict=False):
            if now.version < before.version:
                raise IntegrityError(
                    f"keyring: {now.region} went back from k{before.version} to k{now.version}"
                )
            if now.version > before.version:
                logger.info("%s: rows are written under k%d from now on", now.region, now.version)
        self._keys, self._seen = keys, look


def _look(path: Path) -> _Look:
    try:
        found = path.stat()
    except OSError as error:
        raise SettingsError(f"{PREFIX}KEYRING: {path}: {error.strerror}") from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{PREFIX}KEYRING: {path}: {error.strerror}") from error
