"""What is stored of a canary, read by another hand than the one that answers its requests.

Names, keys and pages are read by verify's code. What is gone is looked for in every object of its
days; only which files readers see is told by the pipeline's reader of logs.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - as paths name it
from datetime import datetime
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyzipper

from jobs.drill.lying import Lying, lying, read
from jobs.verify.rows.names import Namer
from jobs.verify.stored.pages import pages
from schemas.canaries import Canary
from schemas.errors import IntegrityError
from schemas.keyring import Keyring
from schemas.tables.declare import INSTANT
from storage.lake import Destination
from storage.layout import object_key

_FILES = 200
"""Of each table, the newest by their paths among those that have rows of it."""
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
        """Its rows that readers see, in the newest files of each table that have any.

        Raises:
            IntegrityError: A file is damaged.
        """
        found = set[Row]()
        for table in tables:
            here = (self._rows(one.table, one.data, one.place) for one in _seen(table, self._day))
            found.update(*islice(filter(None, here), _FILES))
        return found

    def traces(self, tables: Iterable[Destination]) -> int:
        """How many files, of the days since it was bound, have its name in any byte, decoded.

        Raises:
            IntegrityError: A file is damaged.
        """
        return sum(self._is_named(one) for one in lying(tables, self._day))

    def former(self, tables: Iterable[Destination]) -> int:
        """How many files, of any day, have its name otherwise than in rows since it was bound.

        Raises:
            IntegrityError: A file is damaged.
        """
        named = (one for one in lying(tables) if self._is_named(one))
        return sum(not self._is_of_now(one) for one in named)

    def unpacked(self, archive: Path, passphrase: str) -> Copy:
        """Open an archive of an access, as whoever gets it does."""
        rows, others = set[Row](), 0
        with pyzipper.AESZipFile(archive) as opened:
            opened.setpassword(passphrase.encode())
            for name in opened.namelist():
                shelf, _, table = name.removesuffix(".parquet").partition("/")
                if name.endswith(".parquet") and shelf in _SHELVES:
                    data = opened.read(name)
                    mine = self._rows(table, data, f"the copy's {name}")
                    others += _footer(data).num_rows - len(mine)
                    rows |= mine
        return Copy(frozenset(rows), others)

    @property
    def _day(self) -> Date:
        return self.since.date()

    def _rows(self, table: str, data: bytes | None, place: str) -> set[Row]:
        if data is None:
            return set()
        rows = self._named(data, place)
        mine = rows.filter(pc.greater_equal(rows["event_time"], self._moment))
        columns = [mine[name].to_pylist() for name in _PLACE]
        return {(table, *place) for place in zip(*columns, strict=True)}

    def _is_of_now(self, one: Lying) -> bool:
        """Whether it has rows of it, all from since it was bound."""
        if one.data is None:
            return False
        times = self._named(one.data, one.place)["event_time"]
        return len(times) > 0 and pc.all(pc.greater_equal(times, self._moment)).as_py() is True

    @property
    def _moment(self) -> pa.Scalar:
        return pa.scalar(self.since, INSTANT)

    def _named(self, data: bytes, place: str) -> pa.Table:
        """Rows under its names."""
        with _whole(place):
            rows = pq.read_table(pa.BufferReader(data), columns=["device", "event_time", *_PLACE])
            is_named = pc.is_in(rows["device"].cast(pa.string()), pa.array(sorted(self.names)))
            return rows.filter(is_named)

    def _is_named(self, one: Lying) -> bool:
        """Whether a file, or a page of it that is unpacked, has its name; or nobody can read it."""
        if one.data is None:
            return True
        names = [name.encode() for name in self.names]
        with _whole(one.place):
            unpacked = (page.data for page in pages(one.data, _footer(one.data)))
            return any(name in blob for blob in chain([one.data], unpacked) for name in names)


def _seen(table: Destination, since: Date) -> Iterator[Lying]:
    """Files that the log names, the newest folder first; what goes meanwhile is left out."""
    paths = sorted((file.path for file in table.live() if file.path.date >= since), reverse=True)
    keys = [object_key(table.table.name, path) for path in paths]
    return filter(None, read(table, keys))


def _footer(data: bytes) -> pq.FileMetaData:
    return pq.read_metadata(io.BytesIO(data))


@contextmanager
def _whole(place: str) -> Iterator[None]:
    """What no Parquet reader understands is damaged, and the message says where."""
    try:
        yield
    except (pa.ArrowException, KeyError, OSError, ValueError):
        raise IntegrityError(f"{place}: it is no Parquet file of rows, or damaged") from None
