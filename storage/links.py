"""Which pseudonyms of a retired key and of the current one are one device's, for a stated time.

    _links/expires=2026-12-09T12/k1-k2.parquet       in the region's bucket

A link undoes what a rotation did, so it is made by an officer, lies apart from the tables (a role
of its own may read it), and is gone by the hour in its name, when no row of the retired version is
left to be joined. A destroyed version has none, and nobody can make one.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.privacy import Privacy, column
from schemas.retention import format_hour, parse_hour
from storage.store import ObjectStore

FOLDER = "_links"
_KEY = re.compile(
    rf"{FOLDER}/expires=(?P<expires>\d{{4}}-\d\d-\d\dT\d\d)/k(?P<before>\d+)-k(?P<after>\d+)\.parquet",
    re.ASCII,
)
SCHEMA = pa.schema(
    [
        column("before", pa.string(), privacy=Privacy.PSEUDONYM, purpose="join across a rotation"),
        column("after", pa.string(), privacy=Privacy.PSEUDONYM, purpose="join across a rotation"),
    ]
)
"""A device's pseudonyms: under a retired version, and under the current one."""


@dataclass(frozen=True, slots=True, order=True)
class LinkPath:
    """A link's place; `parse` and `str` are inverse.

    Attributes:
        expires: Full hour, UTC, by which it must be gone.
        before: The retired version.
        after: The version that was current when it was made.
    """

    expires: datetime
    before: int
    after: int

    def __str__(self) -> str:
        return f"{FOLDER}/expires={format_hour(self.expires)}/k{self.before}-k{self.after}.parquet"

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read an object key back.

        Raises:
            ValueError: It is not a link's.
        """
        if (match := _KEY.fullmatch(key)) is None:
            raise ValueError("not the path of a link")
        return cls(parse_hour(match["expires"]), int(match["before"]), int(match["after"]))


def links_in(store: ObjectStore) -> list[LinkPath]:
    """Every link of a region, those that are deleted and have older versions left included.

    Raises:
        IntegrityError: Something else lies among them, and nobody knows when it must be gone.
    """
    keys = {info.key for info in store.list_versions(f"{FOLDER}/")}
    try:
        return sorted(map(LinkPath.parse, keys))
    except ValueError as error:
        raise IntegrityError(f"{store.url}/{FOLDER}: {error}") from None


def put_link(store: ObjectStore, path: LinkPath, pairs: Mapping[str, str]) -> None:
    """Make a link durable, in place of older ones of the same retired version."""
    table = pa.table({"before": [*pairs], "after": [*pairs.values()]}, schema=SCHEMA)
    sink = io.BytesIO()
    pq.write_table(table.sort_by("before"), sink, compression="zstd", write_statistics=False)
    older = [one for one in links_in(store) if one.before == path.before and one != path]
    store.put(str(path), sink.getvalue())
    drop_links(store, older)


def drop_links(store: ObjectStore, paths: list[LinkPath]) -> None:
    """Delete links, every version of them; idempotent. Whoever erases a subject drops all."""
    store.delete([str(path) for path in paths], every_version=True)


def expire_links(store: ObjectStore, until: datetime) -> int:
    """Delete links whose hour comes by then; how many. Idempotent."""
    due = [path for path in links_in(store) if path.expires <= until]
    drop_links(store, due)
    return len(due)


def read_links(store: ObjectStore) -> pa.Table:
    """Every link of a region, as `SCHEMA` says; a pseudonym of before is there once."""
    return pa.concat_tables([SCHEMA.empty_table(), *_tables(store)])


def _tables(store: ObjectStore) -> Iterator[pa.Table]:
    for info in store.list(f"{FOLDER}/"):
        yield pq.read_table(io.BytesIO(store.get(info.key)), schema=SCHEMA)
