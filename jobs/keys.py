"""The keyring's file: made once, sealed, and never written over."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from schemas.errors import SettingsError
from schemas.keyring import Keyring, KeyState, fingerprint
from schemas.regions import Region

_MODE = 0o600


@dataclass(frozen=True, slots=True)
class KeyLine:
    """What may be told of a key.

    Attributes:
        fingerprint: Equal on two machines whose secrets are; tells nothing of them.
    """

    region: Region
    version: int
    state: KeyState
    fingerprint: str


def create(path: Path, regions: Sequence[Region], passphrase: str) -> Keyring:
    """Make a keyring with one current key a region, for its owner's eyes only.

    Atomic: of several at once exactly one wins, and a killed one leaves no keyring behind.

    Raises:
        SettingsError: A file is there already (without its keys pseudonyms would change, so it is
            never written over), or the folder cannot be written.
    """
    keyring = Keyring.generate(regions)
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        _write(beside, keyring.seal(passphrase))
        os.link(beside, path)
    except FileExistsError:
        raise SettingsError(f"{path}: there is a keyring already, and it stays") from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return keyring


def read(path: Path, passphrase: str) -> Keyring:
    """Open a keyring.

    Raises:
        SettingsError: It cannot be read, or not with this passphrase.
    """
    try:
        sealed = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    return Keyring.unseal(sealed, passphrase)


def describe(keyring: Keyring) -> list[KeyLine]:
    """Its keys, by region and version, without their secrets."""
    ordered = sorted(keyring.keys, key=lambda key: (key.region, key.version))
    return [KeyLine(key.region, key.version, key.state, fingerprint(key)) for key in ordered]


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
