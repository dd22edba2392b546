"""Whose rows somebody may have got at: distinct pseudonyms and rows, by table, country and maker.

Looked at is every object of a region's buckets, whether a log names it or not; read are a few
columns of those that hold rows. Nobody is named: that takes the keyring, and is a step of its own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice, pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from schemas.tables import STREAMED
from storage.ranged import ObjectFile
from storage.store import ObjectInfo, ObjectStore

_COLUMNS = ("device", "key_version", "vendor", "country", "ingest_time")
_NAMES = frozenset(table.name for table in STREAMED.values())
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody may have got at; what is empty does not matter.

    Attributes:
        prefix: Of object keys.
        version: Of the key that the rows were written under; 0 for any.
        since: Only rows that arrived then or later, UTC.
    """

    prefix: str = ""
    version: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Rows that are counted together."""

    table: str
    country: str
    vendor: str


@dataclass(slots=True)
class Exposed:
    """What lies within reach.

    Attributes:
        rows: By group.
        names: By group, the pseudonyms; never to be shown.
        files: That hold rows and were looked into.
        others: By folder, objects that hold no rows of a table: logs, links, records of holds.
        hidden: Older versions of objects, which nobody can look into.
    """

    rows: Counter[Group] = field(default_factory=Counter)
    names: dict[Group, set[str]] = field(default_factory=lambda: defaultdict(set), repr=False)
    files: int = 0
    others: Counter[str] = field(default_factory=Counter)
    hidden: int = 0

    @property
    def everybody(self) -> frozenset[str]:
        """Every pseudonym; never to be shown."""
        return frozenset().union(*self.names.values())

    def add(self, table: str, counts: pa.Table) -> None:
        """Count the rows of one file, as `_look` groups them."""
        self.files += 1
        for line in counts.to_pylist():
            group = Group(table, line["country"] or "-", line["vendor"] or "-")
            self.rows[group] += line["count_all"]
            self.names[group].add(line["device"])


def look(stores: Iterable[ObjectStore], reach: Reach) -> Exposed:
    """Look into everything within reach.

    Raises:
        RetryableError: A store does not answer: nobody knows.
        IntegrityError: A file cannot be read: nobody knows.
    """
    found = Exposed()
    for store in stores:
        files = _sort(store, reach.prefix, found)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while some := [*islice(files, 4 * _AT_ONCE)]:
                look_into = partial(_look, store, reach=reach)
                counted = pool.map(look_into, [info for _, info in some])
                for (table, _), counts in zip(some, counted, strict=True):
                    if counts is not None:
                        found.add(table, counts)
    return found


def _sort(store: ObjectStore, prefix: str, found: Exposed) -> Iterator[tuple[str, ObjectInfo]]:
    """(table, object) of each file that holds rows of robots; counts what is none."""
    found.hidden += sum(1 for _ in store.list_versions(prefix))
    for info in store.list(prefix):
        found.hidden -= 1
        if table := _table(info.key):
            yield table, info
        else:
            found.others[info.key.partition("/")[0]] += 1


def _table(key: str) -> str:
    """Of which table's rows an object is a file, in whichever bucket; empty for none."""
    parts = key.split("/")
    for name, folder in pairwise(parts):
        if name in _NAMES and folder.startswith("date=") and key.endswith(".parquet"):
            return name
    return ""


def _look(store: ObjectStore, info: ObjectInfo, reach: Reach) -> pa.Table | None:
    """How many rows of each device, country and maker a file has; None where it is gone."""
    source = pa.PythonFile(ObjectFile(store, info.key, info.size), mode="r")
    try:
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            rows = file.read([*_COLUMNS])
    except KeyError:
        return None
    except (pa.ArrowException, ValueError):
        raise IntegrityError(f"{store.url}/{info.key}: not a data file's bytes") from None
    if reach.version:
        rows = rows.filter(pc.field("key_version") == reach.version)
    if reach.since:
        rows = rows.filter(pc.field("ingest_time") >= reach.since)
    return rows.group_by(["device", "country", "vendor"]).aggregate([([], "count_all")])
