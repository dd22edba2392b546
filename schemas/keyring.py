"""The versions of the secret that makes pseudonyms, one set a region.

Every (region, version) has 256 random bits of its own and no master, so that the same device in
two regions gets unlinkable pseudonyms, and destroying a version destroys what only it can tell.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import SettingsError
from schemas.regions import Region

SECRET_BYTES = 32
_NONCE_BYTES = 12
_SCRYPT = {"n": 2**14, "r": 8, "p": 1}
"""Interactive cost of RFC 7914 section 2: some 50 ms, once a start."""


class KeyState(StrEnum):
    """Where a version is in its life."""

    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Key:
    """One version of a region's secret."""

    region: Region
    version: int
    state: KeyState
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every key that a process may use."""

    keys: tuple[Key, ...]

    @classmethod
    def generate(cls, regions: Sequence[Region]) -> Self:
        """A new keyring, with one current version a region."""
        return cls(
            tuple(
                Key(region, 1, KeyState.CURRENT, secrets.token_bytes(SECRET_BYTES))
                for region in regions
            )
        )

    def current(self, region: Region) -> Key:
        """The key that new rows of the region are written under.

        Raises:
            SettingsError: The keyring has none for that region.
        """
        for key in self.keys:
            if key.region == region and key.state is KeyState.CURRENT:
                return key
        raise SettingsError(f"keyring: no current key for region {region}")

    def live(self, region: Region) -> tuple[Key, ...]:
        """Every version of the region that was not destroyed, oldest first."""
        return tuple(
            sorted((key for key in self.keys if key.region == region), key=lambda key: key.version)
        )

    def seal(self, passphrase: str) -> bytes:
        """The keyring as a file, each secret wrapped on its own (scrypt, AES-256-GCM)."""
        salt = secrets.token_bytes(16)
        cipher = AESGCM(_wrapping_key(passphrase, salt))
        entries = [_wrap(key, cipher) for key in self.keys]
        document = {"format": 1, "salt": base64.b64encode(salt).decode(), "keys": entries}
        return json.dumps(document, indent=1).encode()

    @classmethod
    def unseal(cls, sealed: bytes, passphrase: str) -> Self:
        """Read what `seal` wrote.

        Raises:
            SettingsError: It is no keyring, it was changed, or the passphrase is another one.
        """
        try:
            document = json.loads(sealed)
            cipher = AESGCM(_wrapping_key(passphrase, base64.b64decode(document["salt"])))
            return cls(tuple(_unwrap(entry, cipher) for entry in document["keys"]))
        except InvalidTag:
            raise SettingsError("keyring: wrong passphrase, or the file was changed") from None
        except (ValueError, KeyError, TypeError):
            raise SettingsError("keyring: the file is not a keyring") from None


def _wrapping_key(passphrase: str, salt: bytes) -> bytes:
    return hashlib.scrypt(passphrase.encode(), salt=salt, dklen=SECRET_BYTES, **_SCRYPT)


def _label(region: str, version: int, state: str) -> bytes:
    return f"{region}/{version}/{state}".encode()


def _wrap(key: Key, cipher: AESGCM) -> dict[str, str | int]:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    label = _label(key.region, key.version, key.state)
    wrapped = nonce + cipher.encrypt(nonce, key.secret, label)
    return {
        "region": key.region,
        "version": key.version,
        "state": str(key.state),
        "wrapped": base64.b64encode(wrapped).decode(),
    }


def _unwrap(entry: Mapping[str, str | int], cipher: AESGCM) -> Key:
    region, version, state = (
        Region(str(entry["region"])),
        int(entry["version"]),
        str(entry["state"]),
    )
    wrapped = base64.b64decode(str(entry["wrapped"]))
    nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    secret = cipher.decrypt(nonce, sealed, _label(region, version, state))
    return Key(region, version, KeyState(state), secret)


def fingerprint(key: Key) -> str:
    """A short name of the key that tells nothing of its secret, to compare two machines."""
    return hmac.digest(key.secret, b"fortnight/fingerprint", hashlib.sha256)[:4].hex()
