"""The keyring's file: made once, sealed, and replaced in one step when a version is added.

A worker looks at it between flushes; on several machines the file is brought to each of them, first
with the new version only created, then with that version current.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from schemas.errors import SettingsError
from schemas.keyring import Keyring, KeyState, fingerprint
from schemas.regions import Region
from schemas.wrapping import Wrapping

_MODE = 0o600


@dataclass(frozen=True, slots=True)
class KeyLine:
    """What may be told of a key.

    Attributes:
        since: Since when it is in its state, UTC; None where nobody wrote it down.
        fingerprint: Equal on two machines whose secrets are; tells nothing of them.
    """

    region: Region
    version: int
    state: KeyState
    since: datetime | None
    fingerprint: str


def create(path: Path, regions: Sequence[Region], wrapping: Wrapping, now: datetime) -> Keyring:
    """Make a keyring with one current key a region, for its owner's eyes only.

    Atomic: of several at once exactly one wins, and a killed one leaves no keyring behind.

    Raises:
        SettingsError: A file is there already (without its keys pseudonyms would change, so it is
            never written over), or the folder cannot be written.
    """
    keyring = Keyring.generate(regions, now)
    with _beside(path, keyring.seal(wrapping)) as beside:
        try:
            os.link(beside, path)
        except FileExistsError:
            raise SettingsError(f"{path}: there is a keyring already, and it stays") from None
    return keyring


def read(path: Path, wrapping: Wrapping, regions: Sequence[Region] | None = None) -> Keyring:
    """Open a keyring.

    Args:
        regions: Open the secrets of these; None: of every region.

    Raises:
        SettingsError: It cannot be read, or not with this wrapping.
        RetryableError: Nobody answers who could open it.
    """
    try:
        sealed = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    return Keyring.unseal(sealed, wrapping, regions=regions)


def change(
    path: Path, wrapping: Wrapping, region: Region, to: Callable[[Keyring], Keyring]
) -> Keyring:
    """Replace the keyring by what it becomes; one at a time, and a killed one changes nothing.

    Args:
        region: The one whose versions change; other regions' secrets are not opened.
        to: The change.

    Raises:
        SettingsError: It cannot be read, not with this wrapping, or not be written.
        RetryableError: Nobody answers who could open it; it is as it was.
    """
    with _alone(path):
        keyring = to(read(path, wrapping, [region]))
        with _beside(path, keyring.seal(wrapping)) as beside:
            beside.replace(path)
            _sync(path.parent)
    return keyring


def describe(keyring: Keyring) -> list[KeyLine]:
    """Its keys, by region and version, without their secrets."""
    ordered = sorted(keyring.keys, key=lambda key: (key.region, key.version))
    return [
        KeyLine(key.region, key.version, key.state, key.since.get(key.state), fingerprint(key))
        for key in ordered
    ]


@contextmanager
def _beside(path: Path, data: bytes) -> Iterator[Path]:
    """A durable file beside another, to be linked or moved there; gone afterwards."""
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(beside, data)
        yield beside
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other changes of files in this folder out."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
