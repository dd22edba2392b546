"""Copies of held rows that were due, and the manifests by which they count.

Manifests of a folder are numbered and put only where there is none, so of several writers one gets
the number and the others read again. A row that an earlier manifest has is left out: each held row
is there once, whoever was killed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import msgspec
import pyarrow as pa

from schemas.acts import is_request
from schemas.canonical import canonical_json, digest
from schemas.errors import ConflictError, IntegrityError
from schemas.tables import TABLES, Table
from storage.layout import DataPath, object_key
from storage.parquet import decode, encode
from storage.row_hashes import row_hashes
from storage.store import ObjectStore

_MANIFEST = re.compile(r"\d{8}\.json", re.ASCII)
_TRIES = 100
"""Of writers that meet in a folder; each round one of them gets its number."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a copy; with it the copy counts.

    Attributes:
        source: Name of the file that the rows were taken from.
        copy: Name of the copy; both lie in this folder of their buckets.
        sha256: Of the copy's bytes.
        rows: The hash of each row, as the copy holds it, ascending.
    """

    source: str
    copy: str
    sha256: str
    rows: tuple[str, ...]


Seen = dict[str, Manifest]
"""What a run has read of manifests, by object key."""


@dataclass(frozen=True, slots=True)
class CopyFolder:
    """Where a hold's copies lie of a table's rows that were due in one hour.

    Attributes:
        prefix: Of their object keys, without a slash at the end.
        seen: Is not read again.
    """

    store: ObjectStore
    table: Table
    prefix: str
    seen: Seen = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, store: ObjectStore, hold: str, table: Table, path: DataPath, seen: Seen
    ) -> "CopyFolder":
        """The folder for rows of a file."""
        folder = object_key(table.name, path).rpartition("/")[0]
        return cls(store, table, f"{hold}/{folder}", seen)

    def manifests(self) -> list[Manifest]:
        """Those that are there, in order.

        Raises:
            IntegrityError: One is missing, or is none.
        """
        keys = [info.key for info in self.store.list(f"{self.prefix}/")]
        numbered = sorted(key for key in keys if _MANIFEST.fullmatch(key.rpartition("/")[2]))
        if numbered != [self._numbered(number) for number in range(len(numbered))]:
            raise IntegrityError(f"{self}: a manifest is missing")
        return [self._read(key) for key in numbered]

    def add(self, rows: pa.Table, source: DataPath) -> int:
        """Make rows durable that are not there yet; how many those were.

        Idempotent: killed anywhere, and called again by anybody with these rows among others, each
        row is there once.

        Args:
            rows: Under the hold's own pseudonyms, tiles with raw cells.
            source: The file that they were taken from.

        Raises:
            IntegrityError: What is there already was changed.
            RetryableError: They may be there, or not: call again.
        """
        hashes = row_hashes(rows)
        manifest = None
        for _ in range(_TRIES):
            there = self.manifests()
            known = {row for one in there for row in one.rows}
            fresh = {one: place for place, one in enumerate(hashes) if one not in known}
            if not fresh:
                return 0
            if manifest is None or fresh.keys() != {*manifest.rows}:
                manifest = self._put_copy(rows, fresh, source)
            try:
                self.store.put(
                    self._numbered(len(there)), canonical_json(manifest), only_if_absent=True
                )
            except ConflictError:  # somebody else got the number, or it was one's own after all
                continue
            return len(fresh)
        raise ConflictError(f"{self}: others are always first")

    def rows(self, manifest: Manifest) -> pa.Table:
        """A copy's rows.

        Raises:
            IntegrityError: They are not those that the manifest names.
        """
        key = f"{self.prefix}/{manifest.copy}"
        try:
            data = self.store.get(key)
        except KeyError:
            raise IntegrityError(f"{self}/{manifest.copy}: the copy is gone") from None
        if digest(data) != manifest.sha256:
            raise IntegrityError(f"{self}/{manifest.copy}: the copy was changed")
        rows = decode(data)
        if sorted(row_hashes(rows)) != [*manifest.rows]:
            raise IntegrityError(f"{self}/{manifest.copy}: its rows are not the manifest's")
        return rows

    def __str__(self) -> str:
        return f"{self.store.url}/{self.prefix}"

    def _put_copy(self, rows: pa.Table, fresh: Mapping[str, int], source: DataPath) -> Manifest:
        """Put rows in the order of their hashes: the same rows make the same file."""
        hashes = sorted(fresh)
        data = encode(rows.take([fresh[one] for one in hashes]), self.table)
        name = f"{UUID(bytes=sha256(''.join(hashes).encode()).digest()[:16]).hex}.parquet"
        self.store.put(f"{self.prefix}/{name}", data)
        return Manifest(f"{source.name.hex}.parquet", name, digest(data), tuple(hashes))

    def _numbered(self, number: int) -> str:
        return f"{self.prefix}/{number:08}.json"

    def _read(self, key: str) -> Manifest:
        if key not in self.seen:
            try:
                self.seen[key] = msgspec.json.decode(self.store.get(key), type=Manifest)
            except msgspec.DecodeError:
                raise IntegrityError(f"{self.store.url}/{key}: not a manifest") from None
        return self.seen[key]


def copy_folders(store: ObjectStore, hold: str) -> list[CopyFolder]:
    """Every folder of a hold's copies."""
    prefixes = {info.key.rpartition("/")[0] for info in store.list(f"{hold}/")}
    return [CopyFolder(store, TABLES[one.split("/")[1]], one) for one in sorted(prefixes)]


def copied_holds(store: ObjectStore) -> set[str]:
    """Names of the holds that have copied something, older versions of objects included."""
    names = {info.key.partition("/")[0] for info in store.list_versions()}
    return {name for name in names if is_request(name)}


def drop_copies(store: ObjectStore, hold: str) -> int:
    """Delete all that a hold has copied, every version of it; how many objects. Idempotent."""
    keys = sorted({info.key for info in store.list_versions(f"{hold}/")})
    store.delete(keys, every_version=True)
    return len(keys)
