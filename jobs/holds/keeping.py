"""Held rows are copied before anybody takes them away: nothing is dropped without its copy.

Whoever drops files, or takes rows out of them, asks a `Keeper` first. Rows stay where analysts see
them until their hour as if there were no hold; from then on the copies are all that is left.
A keeper puts copies and deletes none: what it copies of a hold that is released meanwhile is left
for officers to tidy (`jobs.holds.listing.left_behind`).
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from jobs.holds.renaming import renamed
from jobs.rewriting import First, Selection
from jobs.rewriting.look import Look
from jobs.rewriting.source import open_sources
from schemas.errors import ConflictError, IntegrityError
from schemas.hold_record import HoldRecord
from schemas.tables import MAP_TILES, Table
from storage.decoded import readable
from storage.holds import CopyFolder, read_records
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.store import ObjectStore

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Keeper:
    """What a region's holds ask of everybody who takes rows away.

    Attributes:
        store: The region's hold bucket.
        unwrap: Opens a hold's own key; asked only where there are held rows.
    """

    store: ObjectStore
    unwrap: Callable[[HoldRecord], bytes] = field(repr=False)

    def keep_files(self, destination: Destination, files: Sequence[DataFile]) -> int:
        """Copy the held rows of files that are about to be dropped; how many were copied now.

        When this returns, each held row in them is in a copy that counts. Costs one listing where
        no hold lasts, and a part of one column of each file where one does.

        Raises:
            ConflictError: A file is gone: look again which are there.
            RetryableError: Some are not copied: nothing may be dropped.
        """
        holds = self._of(destination.table) if files else []
        if not holds:
            return 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            counts = pool.map(lambda file: self._keep_file(destination, file, holds), files)
            return sum(counts)

    def before(self, destination: Destination) -> First:
        """What to do with rows of a destination before they are taken out of their file."""
        holds = self._of(destination.table)

        def first(path: DataPath, rows: pa.Table) -> None:
            self._keep(destination.table, path, rows, holds)

        return first

    def _of(self, table: Table) -> list[HoldRecord]:
        return [hold for hold in read_records(self.store) if table.name in hold.tables]

    def _keep_file(
        self, destination: Destination, file: DataFile, holds: Iterable[HoldRecord]
    ) -> int:
        wanted = [hold for hold in holds if _may_hold(hold, file)]
        if not wanted:
            return 0
        devices: frozenset[str] = frozenset().union(*(hold.names for hold in wanted))
        rows = _rows_of(destination, file, Look(Selection(devices)))
        return 0 if rows is None else self._keep(destination.table, file.path, rows, wanted)

    def _keep(
        self, table: Table, path: DataPath, rows: pa.Table, holds: Iterable[HoldRecord]
    ) -> int:
        found = [(hold, _held(rows, hold, table)) for hold in holds]
        return sum(self._copy(hold, table, path, mine) for hold, mine in found if mine.num_rows)

    def _copy(self, hold: HoldRecord, table: Table, path: DataPath, rows: pa.Table) -> int:
        folder = CopyFolder.of(self.store, hold.name, table, path)
        return folder.add(renamed(rows, hold, self.unwrap(hold)), path)


def _may_hold(hold: HoldRecord, file: DataFile) -> bool:
    """Whether a file's times, as its log tells them, meet the hold's."""
    low, high = file.bounds.get("event_time", (None, None))
    if not (isinstance(low, datetime) and isinstance(high, datetime)):
        return True
    is_before = hold.since is not None and high < hold.since
    is_after = hold.until is not None and low >= hold.until
    return not (is_before or is_after)


def _held(rows: pa.Table, hold: HoldRecord, table: Table) -> pa.Table:
    """Those of some rows that a hold is on, tiles with raw cells."""
    mine = rows.filter(Selection(hold.names).of_devices(rows)).cast(table.schema)
    if table is MAP_TILES:
        mine = readable(mine)  # before anything else is left out: devices are packed whole
    if hold.since is not None:
        mine = mine.filter(pc.greater_equal(mine["event_time"], hold.since))
    if hold.until is not None:
        mine = mine.filter(pc.less(mine["event_time"], hold.until))
    return mine


def _rows_of(destination: Destination, file: DataFile, look: Look) -> pa.Table | None:
    """A file's rows, as they are stored; None where nothing of the devices is among them.

    Raises:
        ConflictError: It is gone.
    """
    key = object_key(destination.table.name, file.path)
    try:
        if not look.rows(destination.store, key, file.size):
            return None
        (source,) = open_sources(destination, [file])
        return source.stored()
    except KeyError:
        raise ConflictError(f"{destination}: {file.path} is gone") from None
    except (pa.ArrowException, OSError):
        raise IntegrityError(f"{destination}: {file.path} is damaged") from None
