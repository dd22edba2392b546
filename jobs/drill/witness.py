"""What is stored of a canary, read by another hand than the one that answers its requests.

Names, pages and footers are verify's own; of a table the newest files are read, and not all.
"""

import io
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyzipper

from jobs.verify.rows.names import Namer
from jobs.verify.stored.pages import pages
from schemas.canaries import Canary
from schemas.keyring import Keyring
from schemas.tables.declare import INSTANT
from storage.lake import Destination
from storage.layout import object_key

_FILES = 200
"""Of each table, the newest by their paths: a canary speaks all the time."""
_AT_ONCE = 16
_SHELVES = ("rows", "restricted")
"""Held copies have names under their hold's own key."""
_PLACE = ("topic_id", "partition", "offset")

Row = tuple[str, str, int, int]
"""A table, and the position in Kafka of the record that the row was made of."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What is in an archive.

    Attributes:
        rows: The canary's, of those tables that lie in the region.
        others: How many rows are there that are not.
    """

    rows: frozenset[Row]
    others: int


@dataclass(frozen=True, slots=True)
class Witness:
    """Reads what is stored of one canary.

    Attributes:
        names: Its pseudonyms in its region, under every version that is live.
        since: When it was bound, UTC: rows from before are another owner's.
    """

    names: frozenset[str] = field(repr=False)
    since: datetime

    @classmethod
    def of(cls, canary: Canary, keyring: Keyring, since: datetime) -> "Witness":
        """Of a canary.

        Args:
            keyring: Its secrets of the canary's region opened.
            since: When it was bound, UTC.
        """
        keys = keyring.live(canary.region)
        names = frozenset(Namer(key.secret, key.version).name(canary.device) for key in keys)
        return cls(names, since)

    def rows(self, tables: Iterable[Destination]) -> set[Row]:
        """Its rows in the newest files of tables."""
        return {row for table, data in _newest(tables) for row in self._rows(table, data)}

    def traces(self, tables: Iterable[Destination]) -> int:
        """How many of the newest files have its name in any byte, decoded, whatever column."""
        names = [name.encode() for name in self.names]
        return sum(_has(data, names) for _, data in _newest(tables))

    def unpacked(self, archive: Path, passphrase: str) -> Copy:
        """Open an archive of an access, as whoever gets it does."""
        rows, others = set[Row](), 0
        with pyzipper.AESZipFile(archive) as opened:
            opened.setpassword(passphrase.encode())
            for name in opened.namelist():
                shelf, _, table = name.removesuffix(".parquet").partition("/")
                if name.endswith(".parquet") and shelf in _SHELVES:
                    data = opened.read(name)
                    mine = self._rows(table, data)
                    others += pq.read_metadata(io.BytesIO(data)).num_rows - len(mine)
                    rows |= mine
        return Copy(frozenset(rows), others)

    def _rows(self, table: str, data: bytes) -> set[Row]:
        rows = pq.read_table(pa.BufferReader(data), columns=["device", "event_time", *_PLACE])
        is_named = pc.is_in(rows["device"].cast(pa.string()), pa.array(sorted(self.names)))
        is_new = pc.greater_equal(rows["event_time"], pa.scalar(self.since, INSTANT))
        mine = rows.filter(pc.and_(is_named, is_new))
        columns = [mine[name].to_pylist() for name in _PLACE]
        return {(table, *place) for place in zip(*columns, strict=True)}


def _has(data: bytes, names: Collection[bytes]) -> bool:
    """Whether a file, or a page of it that is unpacked, has one of some names."""
    unpacked = (page.data for page in pages(data, pq.read_metadata(io.BytesIO(data))))
    return any(name in blob for blob in chain([data], unpacked) for name in names)


def _newest(tables: Iterable[Destination]) -> Iterator[tuple[str, bytes]]:
    """(table, bytes) of its newest files; what goes meanwhile is left out."""
    for table in tables:
        name = table.table.name
        paths = sorted((file.path for file in table.live()), reverse=True)[:_FILES]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            keys = (object_key(name, path) for path in paths)
            for data in pool.map(partial(_get, table), keys):
                if data is not None:
                    yield name, data


def _get(table: Destination, key: str) -> bytes | None:
    try:
        return table.store.get(key)
    except KeyError:  # compacted, or expired, meanwhile
        return None
