"""The keyring's file: made once, sealed, and replaced in one step when a version is added.

A worker looks at it between flushes; on several machines the file is brought to each of them, first
with the new version only created, then with that version current.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs import private_files
from schemas.errors import SettingsError
from schemas.keyring import Keyring, KeyState, fingerprint
from schemas.regions import Region
from schemas.wrapping import Wrapping


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
    if not private_files.create(path, keyring.seal(wrapping)):
        raise SettingsError(f"{path}: there is a keyring already, and it stays")
    return keyring


def read(path: Path, wrapping: Wrapping, regions: Collection[Region] | None = None) -> Keyring:
    """Open a keyring.

    Args:
        regions: Open the secrets of these; None: of every region.

    Raises:
        SettingsError: It cannot be read, or not with this wrapping.
        RetryableError: Nobody answers who could open it.
    """
    sealed = private_files.read(path)
    try:
        return Keyring.unseal(sealed, wrapping, regions=regions)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def look(path: Path) -> Keyring:
    """A keyring with none of its secrets opened, which takes no secret; it may tell what is untrue.

    Raises:
        SettingsError: It cannot be read.
    """
    return Keyring.parse(private_files.read(path))


def change(
    path: Path,
    wrapping: Wrapping,
    to: Callable[[Keyring], Keyring],
    *,
    opening: Collection[Region],
) -> Keyring:
    """Replace the keyring by what it becomes; one at a time, and a killed one changes nothing.

    Args:
        to: The change.
        opening: Regions whose secrets the change needs; the others' are kept as they are.

    Raises:
        SettingsError: It cannot be read, not with this wrapping, or not be written.
        RetryableError: Nobody answers who could open it; it is as it was.
    """
    with private_files.alone(path):
        keyring = to(read(path, wrapping, opening))
        private_files.replace(path, keyring.seal(wrapping))
    return keyring


def describe(keyring: Keyring) -> list[KeyLine]:
    """Its keys, by region and version, without their secrets."""
    ordered = sorted(keyring.keys, key=lambda key: (key.region, key.version))
    return [
        KeyLine(key.region, key.version, key.state, key.since.get(key.state), fingerprint(key))
        for key in ordered
    ]
