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
from storage.holds import CopyFolder, Manifest, read_records
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
        no hold lasts, and mostly a file's end where one does.

        Raises:
            ConflictError: A file is gone: look again which are there.
            RetryableError: Some are not copied: nothing may be dropped.
        """
        if not files or not (run := self._run(destination)).holds:
            return 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(pool.map(run.keep_file, files))

    def before(self, destination: Destination) -> First:
        """What to do with rows of a destination before they are taken out of their file."""
        run = self._run(destination)

        def first(path: DataPath, rows: pa.Table) -> None:
            run.keep(path, rows, run.holds)

        return first

    def _run(self, destination: Destination) -> "_Run":
        name = destination.table.name
        holds = [hold for hold in read_records(self.store) if name in hold.tables]
        return _Run(self, destination, holds)


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over a destination.

    Attributes:
        holds: Those that are on its table.
        seen: What was read of their manifests.
    """

    keeper: Keeper
    destination: Destination
    holds: Sequence[HoldRecord]
    seen: dict[str, Manifest] = field(default_factory=dict, repr=False)

    def keep_file(self, file: DataFile) -> int:
        """Copy the held rows of a file; how many were copied now.

        Raises:
            ConflictError: It is gone.
        """
        wanted = [hold for hold in self.holds if _may_hold(hold, file)]
        if not wanted:
            return 0
        devices: frozenset[str] = frozenset().union(*(hold.names for hold in wanted))
        rows = _rows_of(self.destination, file, Look(Selection(devices)))
        return 0 if rows is None else self.keep(file.path, rows, wanted)

    def keep(self, path: DataPath, rows: pa.Table, holds: Iterable[HoldRecord]) -> int:
        """Copy those rows of a file that holds are on; how many were copied now."""
        found = [(hold, _held(rows, hold, self.destination.table)) for hold in holds]
        return sum(self._copy(hold, path, mine) for hold, mine in found if mine.num_rows)

    def _copy(self, hold: HoldRecord, path: DataPath, rows: pa.Table) -> int:
        store, table = self.keeper.store, self.destination.table
        folder = CopyFolder.of(store, hold.name, table, path, self.seen)
        return folder.add(renamed(rows, hold, self.keeper.unwrap(hold)), path)


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
