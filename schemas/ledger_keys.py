"""The ledger's own keys: one to sign with, and one to tag subjects with, a region.

They are no version of the keyring: a ledger outlives every version, workers do not have them, and
a tag cannot be compared with any pseudonym.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import SettingsError
from schemas.privacy import DIGEST_BYTES, canonical
from schemas.regions import Region
from schemas.wrapping import Label, Wrapped, Wrapping

_SEED_BYTES, _TAG_BYTES = 32, 32


@dataclass(frozen=True, slots=True)
class LedgerKey:
    """A region's keys, opened."""

    region: Region
    signing: Ed25519PrivateKey = field(repr=False)
    tagging: bytes = field(repr=False)

    @classmethod
    def generate(cls, region: Region) -> Self:
        """New keys."""
        return cls.of(region, secrets.token_bytes(_SEED_BYTES + _TAG_BYTES))

    @classmethod
    def of(cls, region: Region, secret: bytes) -> Self:
        """The keys of a secret.

        Args:
            secret: 64 bytes: a seed of Ed25519, and the key of the tags.
        """
        seed, tagging = secret[:_SEED_BYTES], secret[_SEED_BYTES:]
        return cls(region, Ed25519PrivateKey.from_private_bytes(seed), tagging)

    @property
    def secret(self) -> bytes:
        """What `of` makes the keys of."""
        return self.signing.private_bytes_raw() + self.tagging

    @property
    def watching(self) -> bytes:
        """32 bytes: what watch entries are sealed under, which workers and analysts cannot open."""
        return hmac.digest(self.tagging, b"fortnight/watch", hashlib.sha256)

    def tag(self, kind: str, identifier: str) -> str:
        """A subject's tag, 32 hex digits: equal exactly for equal subjects of one region.

        Args:
            kind: `device` or `account`.
            identifier: As it was given; case and separators do not matter.
        """
        said = f"fortnight/ledger/{kind}/{canonical(identifier)}".encode()
        return hmac.digest(self.tagging, said, hashlib.sha256)[:DIGEST_BYTES].hex()


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Every region's keys as a file: the public ones in the clear, the others wrapped, or left out.

    With the public ones alone ledgers are proven, and nobody acts.
    """

    public: Mapping[Region, Ed25519PublicKey]
    wrapped: Mapping[Region, Wrapped] = field(repr=False)

    @classmethod
    def generate(cls, regions: Sequence[Region], wrapping: Wrapping) -> Self:
        """New keys for each region."""
        keys = [LedgerKey.generate(region) for region in regions]
        return cls(
            {key.region: key.signing.public_key() for key in keys},
            {key.region: wrapping.wrap(key.secret, _label(key.region)) for key in keys},
        )

    def open(self, region: Region, wrapping: Wrapping) -> LedgerKey:
        """A region's keys.

        Raises:
            SettingsError: There are none, or not with this wrapping.
            RetryableError: Whoever wraps does not answer.
        """
        if (wrapped := self.wrapped.get(region)) is None:
            raise SettingsError(f"ledger key: there is none for region {region}")
        try:
            key = LedgerKey.of(region, wrapping.unwrap(wrapped, _label(region)))
        except SettingsError as error:
            raise SettingsError(f"ledger key: {region}: {error}") from None
        if key.signing.public_key() != self.public[region]:
            raise SettingsError(f"ledger key: {region}: the file was changed")
        return key

    def without_secrets(self) -> Self:
        """The public keys alone."""
        return type(self)(self.public, {})

    def format(self) -> bytes:
        """The file."""
        entries = [
            {
                "region": region,
                "public": base64.b64encode(public.public_bytes_raw()).decode(),
                **({"wrapped": dict(self.wrapped[region])} if region in self.wrapped else {}),
            }
            for region, public in self.public.items()
        ]
        return json.dumps({"format": 1, "keys": entries}, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file back; nothing is opened, so an auditor needs no passphrase.

        Raises:
            SettingsError: It is no such file.
        """
        try:
            entries: list[dict[str, Any]] = json.loads(data)["keys"]
            return cls(
                {Region(entry["region"]): _public(entry["public"]) for entry in entries},
                {
                    Region(entry["region"]): dict(entry["wrapped"])
                    for entry in entries
                    if "wrapped" in entry
                },
            )
        except (ValueError, KeyError, TypeError):
            raise SettingsError("ledger key: the file is not one") from None


def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(text))


def _label(region: Region) -> Label:
    return {"region": region, "version": "ledger"}
