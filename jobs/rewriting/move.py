"""Move rows from one destination to another: each is in one of them, whenever it is killed.

Copies are durable and committed before anything goes. Whoever moves looks first which of the rows
are there already, by their positions, and the commit of the copies is refused where somebody else
moved some meanwhile. So a run that goes on where another was killed makes no second copy. A copy
whose source was rewritten meanwhile is made anew: the rows may be corrected since, or erased.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.rewriting.find import Search
from jobs.rewriting.remake import Clock
from jobs.rewriting.selection import DEVICE, Selection
from jobs.rewriting.source import open_sources
from jobs.rewriting.take_out import Taken, take_out
from jobs.rewriting.written import Written, delete, put, put_lost, write
from schemas.errors import ConflictError, StoreUnavailableError
from schemas.tables import MAP_TILES
from storage.decoded import readable
from storage.lake import Destination
from storage.layout import DataPath
from storage.parquet import decode

_APPLICATION = "moved rows"
"""Counts the commits that brought rows here, so that one that knew less is refused."""

_TOPIC, _POSITION = ["topic_id", "partition"], ["topic_id", "partition", "offset"]

Arrives = Callable[[DataPath, pa.Table], bool]
"""Whether rows of a file arrive; else they go, and are not copied."""

Placed = Callable[[DataPath], None]
"""Told where a copy will lie, before it is put."""

Positions = dict[tuple[str, int], NDArray[np.int64]]
"""(topic id, partition) -> (n,) int64, offsets of rows."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What is done with rows on their way.

    Attributes:
        arrives: Which of them do.
        placed: Told of each copy.
    """

    arrives: Arrives = lambda _path, _rows: True
    placed: Placed = lambda _path: None


EVERYTHING = Reception()
"""All rows arrive."""


def move(
    source: Destination,
    target: Destination,
    selection: Selection,
    *,
    reason: str,
    clock: Clock,
    reception: Reception = EVERYTHING,
) -> Taken:
    """Move a selection's rows: copied, committed there, taken out here. Safe to repeat and to kill.

    A copy holds rows of one device, in the partition that it came from, so it expires when it had
    to.

    Args:
        source: Where the rows are.
        target: The same table elsewhere.
        selection: Which rows.
        reason: What both commits say.
        clock: UTC.
        reception: Which rows arrive.

    Raises:
        RetryableError: Something is left to do, for a store does not answer or somebody else moves
            rows there too.
    """
    arrivals = _Arrivals(source, target, selection, clock, reason, reception)
    return take_out(
        source, selection, reason=reason, clock=clock, first=arrivals.copy, ready=arrivals.commit
    )


@dataclass(slots=True)
class _Arrivals:
    """Rows that come to a destination.

    Attributes:
        known: Positions of the selection's rows that are there, or were put; None: not asked yet.
        count: The log's count of arrivals when these were asked for.
        put: Path of a source's file -> copies that are not committed yet.
    """

    source: Destination
    target: Destination
    selection: Selection
    clock: Clock
    reason: str
    reception: Reception
    known: Positions | None = None
    count: int | None = None
    put: dict[DataPath, list[Written]] = field(default_factory=dict)

    def copy(self, path: DataPath, rows: pa.Table) -> None:
        """Put copies of those that are not there."""
        if not self.reception.arrives(path, rows):
            return
        for mine in _by_device(self._missing(rows)):
            place = path.beside()
            self.reception.placed(place)
            copy = write(self.target, mine, place, self.clock())
            self.put.setdefault(path, []).append(copy)

    def commit(self) -> None:
        """Make what was put a part of the table.

        Raises:
            ConflictError: What was copied is there no more: copy what is.
            StoreUnavailableError: Somebody else moved rows there meanwhile.
        """
        self._drop_outdated()
        if not self.put:
            return
        if self._counted() != self.count:
            raise self._others()
        copies = {one.file.path: one for some in self.put.values() for one in some}
        files = [one.file for one in copies.values()]
        versions = {_APPLICATION: (self.count or 0) + 1}
        try:
            self.target.append(files, versions, reason=self.reason)
        except ConflictError as error:
            raise self._others() from error
        put_lost(self.target, files, lambda file: put(self.target, [copies[file.path]]))
        self.put.clear()
        self.count = versions[_APPLICATION]

    def _drop_outdated(self) -> None:
        """Delete copies of files that somebody else took away.

        Raises:
            ConflictError: There were some.
        """
        if not self.put:
            return
        live = {file.path for file in self.source.live()}
        outdated = [one for path in self.put.keys() - live for one in self.put.pop(path)]
        if outdated:
            delete(self.target, [one.file for one in outdated])
            self._forget(decode(one.data, _POSITION) for one in outdated)
            raise ConflictError(f"{self.source}: files were rewritten while they were copied")

    def _forget(self, tables: Iterable[pa.Table]) -> None:
        known = self.known or {}
        for key, offsets in _positions(tables).items():
            known[key] = np.setdiff1d(known[key], offsets)

    def _others(self) -> StoreUnavailableError:
        """No conflict, for only the caller can ask anew what is there."""
        return StoreUnavailableError(f"{self.target}: others move rows there too; call again")

    def _counted(self) -> int | None:
        return self.target.versions([_APPLICATION])[_APPLICATION]

    def _missing(self, rows: pa.Table) -> pa.Table:
        """Those that are not there yet; from now on they are known."""
        if self.known is None:
            self.count = self._counted()
            self.known = _positions(self._there())
        is_new = np.ones(rows.num_rows, bool)
        for key, places in _split(rows):
            there = self.known.get(key, np.empty(0, np.int64))
            offsets = rows["offset"].take(places).to_numpy()
            is_new[places] = ~np.isin(offsets, there)
            self.known[key] = np.union1d(there, offsets)
        if is_new.all():
            return rows
        whole = readable(rows) if self.target.table is MAP_TILES else rows
        return whole.filter(pa.array(is_new))

    def _there(self) -> Iterator[pa.Table]:
        files = [match.file for match in Search(self.target, self.selection).files()]
        for file in files:
            (source,) = open_sources(self.target, [file])
            yield source.content.read(_POSITION)


def _positions(tables: Iterable[pa.Table]) -> Positions:
    found: defaultdict[tuple[str, int], list[NDArray[np.int64]]] = defaultdict(list)
    for rows in tables:
        for key, places in _split(rows):
            found[key].append(rows["offset"].take(places).to_numpy())
    return {key: np.concatenate(parts) for key, parts in found.items()}


def _split(rows: pa.Table) -> Iterator[tuple[tuple[str, int], NDArray[np.int64]]]:
    """(topic id, partition), and the places of its rows."""
    keys = rows.select(_TOPIC).group_by(_TOPIC).aggregate([]).to_pylist()
    for key in keys:
        mine = pc.and_(*(pc.equal(rows[name], key[name]) for name in _TOPIC))
        yield (key["topic_id"], key["partition"]), np.flatnonzero(mine.to_numpy())


def _by_device(rows: pa.Table) -> Iterator[pa.Table]:
    devices = rows[DEVICE].cast(pa.string())
    for device in pc.unique(devices).to_pylist():
        yield rows.filter(pc.equal(devices, device))
