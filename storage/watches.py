"""Watch entries: by which pseudonyms an erased subject's rows would be known if they came back.

    _watch/expires=2026-12-09T12/<32 hex digits>.sealed        in the region's bucket

What is erased can come back only from its raw copies in Kafka, so an entry is gone by the hour in
its name, when the last of these is. It holds pseudonyms of a person who asked to be forgotten: it
is sealed under a key that only officers can make, of the ledger's own (`LedgerKey.watching`).

Sealed is 12 bytes of nonce, then AES-256-GCM with the object key as associated data, of the JSON
`{"pseudonyms": [...], "region": ..., "up_to": ...}`.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.canonical import canonical_json
from schemas.errors import IntegrityError
from schemas.regions import Region
from schemas.retention import format_hour, parse_hour
from storage.store import ObjectStore

FOLDER = "_watch"
_NONCE_BYTES = 12
_KEY = re.compile(
    rf"{FOLDER}/expires=(?P<expires>\d{{4}}-\d\d-\d\dT\d\d)/(?P<name>[0-9a-f]{{32}})\.sealed",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class WatchPath:
    """A watch entry's place; `parse` and `str` are inverse.

    Attributes:
        expires: Full hour, UTC, by which it must be gone.
        name: 32 hex digits, the same for the same request.
    """

    expires: datetime
    name: str

    def __str__(self) -> str:
        return f"{FOLDER}/expires={format_hour(self.expires)}/{self.name}.sealed"

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read an object key back.

        Raises:
            ValueError: It is not a watch entry's.
        """
        if (match := _KEY.fullmatch(key)) is None:
            raise ValueError("not the path of a watch entry")
        return cls(parse_hour(match["expires"]), match["name"])


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose rows must not come back to a region.

    Attributes:
        pseudonyms: Of the subject's devices, under every version that was live.
        up_to: UTC; rows of an event time behind it may be somebody's who bound a device since.
    """

    region: Region
    pseudonyms: tuple[str, ...] = field(repr=False)
    up_to: datetime

    def seal(self, path: WatchPath, key: bytes) -> bytes:
        """The entry as it is stored.

        Args:
            path: Where.
            key: 32 bytes.
        """
        told = {"region": self.region, "up_to": self.up_to.isoformat()}
        said = canonical_json({**told, "pseudonyms": sorted(self.pseudonyms)})
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, said, str(path).encode())

    @classmethod
    def open(cls, data: bytes, path: WatchPath, key: bytes) -> Self:
        """Read what `seal` made.

        Raises:
            IntegrityError: It is not that, was changed, or lay elsewhere.
        """
        nonce, sealed = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        try:
            said = AESGCM(key).decrypt(nonce, sealed, str(path).encode())
            return msgspec.json.decode(said, type=cls)
        except (InvalidTag, ValueError):
            raise IntegrityError(f"{path}: not a watch entry, or another key's") from None


def put_watch(store: ObjectStore, path: WatchPath, watch: Watch, key: bytes) -> None:
    """Make an entry durable; safe to repeat."""
    store.put(str(path), watch.seal(path, key))


def watches_in(store: ObjectStore) -> list[WatchPath]:
    """Every entry of a region, those that are deleted and have older versions left included.

    Raises:
        IntegrityError: Something else lies among them, and nobody knows when it must be gone.
    """
    keys = {info.key for info in store.list_versions(f"{FOLDER}/")}
    try:
        return sorted(map(WatchPath.parse, keys))
    except ValueError as error:
        raise IntegrityError(f"{store.url}/{FOLDER}: {error}") from None


def read_watches(store: ObjectStore, key: bytes) -> Iterator[Watch]:
    """What the region's entries say.

    Raises:
        IntegrityError: One was changed.
    """
    for _, watch in _read(store, key):
        yield watch


def watched(store: ObjectStore, name: str, key: bytes) -> frozenset[str]:
    """The pseudonyms that a request's entries tell; none once their hour came.

    Raises:
        IntegrityError: One was changed.
    """
    found: set[str] = set()
    for path, watch in _read(store, key):
        if path.name == name:
            found.update(watch.pseudonyms)
    return frozenset(found)


def expire_watches(store: ObjectStore, until: datetime) -> int:
    """Delete entries whose hour comes by then; how many. Idempotent."""
    due = [path for path in watches_in(store) if path.expires <= until]
    store.delete([str(path) for path in due], every_version=True)
    return len(due)


def _read(store: ObjectStore, key: bytes) -> Iterator[tuple[WatchPath, Watch]]:
    for path in watches_in(store):
        try:
            data = store.get(str(path))
        except KeyError:  # its hour came
            continue
        yield path, Watch.open(data, path, key)
