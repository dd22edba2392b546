"""Take rows out of a destination: every other row stays as it is, in files as the table's are.

A run may be killed anywhere, and be run again. Before the commit nothing has changed, but for files
that nothing names; behind it the old files are deleted, or are orphans that `find` tells of. A new
file is the same bytes whenever it is made, so it need not be held in memory until its commit:
should a sweeper have taken it, it is made again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from jobs.rewriting.find import Match, Search
from jobs.rewriting.selection import DEVICE, Selection
from jobs.rewriting.source import open_sources
from jobs.rewriting.written import PUT_AGAIN, add_up, commit, delete, is_there, write
from schemas.errors import ConflictError, IntegrityError
from schemas.tables import MAP_TILES
from storage.decoded import readable
from storage.lake import Destination
from storage.layout import DataPath
from storage.log import DataFile

Clock = Callable[[], datetime]

First = Callable[[DataPath, pa.Table], None]
"""Told the rows that are taken out of a file, before anything goes: to copy them somewhere.

They may be told again, of the same file or of another that stands for it. Tiles are in either tier;
what is in the compacted one are whole devices, to be read by `storage.decoded.readable`.
"""

_TRIES = 20
"""Of a commit whose files vanish, since others rewrite them meanwhile."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken out of a destination.

    Attributes:
        files: That were rewritten, or dropped whole.
        devices: Pseudonym -> rows that were taken out.
        bytes_written: Of the files that stand for them.
    """

    files: int = 0
    devices: Mapping[str, int] = field(default_factory=dict, repr=False)
    bytes_written: int = 0

    @property
    def rows(self) -> int:
        """That were taken out."""
        return sum(self.devices.values())


@dataclass(frozen=True, slots=True)
class _Made:
    """A file, and the one that stands for it.

    Attributes:
        new: None where no row is left.
        at: When it was put, UTC.
        devices: Pseudonym -> rows that it is without.
    """

    match: Match
    new: DataFile | None
    at: datetime
    devices: Mapping[str, int] = field(repr=False)


@dataclass(slots=True)
class _Work:
    """Taking a selection out of one destination."""

    destination: Destination
    selection: Selection
    clock: Clock
    first: First | None
    made: dict[DataPath, _Made] = field(default_factory=dict)

    def prepare(self, matches: Iterable[Match]) -> None:
        """Have a new file for each that is to be rewritten, and for no other."""
        wanted = {match.file.path: match for match in matches}
        gone = [self.made.pop(path) for path in self.made.keys() - wanted.keys()]
        delete(self.destination, _new(gone))
        for path in wanted.keys() - self.made.keys():
            self.made[path] = self._make(wanted[path], path.beside())

    def freshen(self) -> None:
        """Put again what waited so long that it might have been swept."""
        for one in self.made.values():
            if self.clock() - one.at > PUT_AGAIN:
                self._again(one)

    def see_that_all_are_there(self) -> None:
        """Put again what is committed and was swept; the old files are still there."""
        for one in self.made.values():
            self._again(one)

    def _again(self, one: _Made) -> None:
        if one.new is not None and not is_there(self.destination, one.new):
            self._make(one.match, one.new.path)

    def _make(self, match: Match, path: DataPath) -> _Made:
        """Put the file that stands for one.

        Raises:
            ConflictError: It is gone.
            IntegrityError: It is damaged, or its rows would change.
        """
        now = self.clock()
        try:
            left, taken = self._split(match)
            self._count(left, taken, match)
            devices = _counted(taken)
            if self.first is not None:
                self.first(match.file.path, taken)
            if not left.num_rows:
                return _Made(match, None, now, devices)
            written = write(self.destination, left, path, now)
            if add_up([left["offset"]]) != add_up([written.offsets]):
                raise self._would_change(match)
        except (pa.ArrowException, OSError) as error:
            raise IntegrityError(f"{self.destination}: {match.file.path} is damaged") from error
        return _Made(match, written.file, now, devices)

    def _split(self, match: Match) -> tuple[pa.Table, pa.Table]:
        """A file's rows: those that stay, and those that are taken out."""
        (source,) = open_sources(self.destination, [match.file])
        rows = source.stored()
        chosen = self.selection.has(rows)
        if self.destination.table is MAP_TILES and chosen != self.selection.of_devices(rows):
            rows = _cut_open(rows, self.selection)
            chosen = self.selection.has(rows)
        return rows.filter(pc.invert(chosen)), rows.filter(chosen)

    def _count(self, left: pa.Table, taken: pa.Table, match: Match) -> None:
        if (left.num_rows, taken.num_rows) != (match.file.rows - match.rows, match.rows):
            raise self._would_change(match)

    def _would_change(self, match: Match) -> IntegrityError:
        file = f"{self.destination}: {match.file.path}"
        return IntegrityError(f"{file}: a rewrite would change other rows; nothing was committed")


def take_out(
    destination: Destination,
    selection: Selection,
    *,
    reason: str,
    clock: Clock,
    first: First | None = None,
    ready: Callable[[], None] | None = None,
) -> Taken:
    """Take rows out of a destination, in one commit, and delete every version of the old files.

    Safe to repeat, to kill, and to run beside anything: a file that somebody else rewrites
    meanwhile is found again. What the sink commits meanwhile is the next search's.

    Args:
        destination: Where.
        selection: Which rows.
        reason: What the commit says.
        clock: UTC, by this machine.
        first: Told what is taken out of each file, before anything goes.
        ready: Called when all was told, before the commit: what it raises keeps all rows there.

    Raises:
        ConflictError: Others never rest; nothing was taken out.
        RetryableError: Something is left to do; what was committed is right.
        IntegrityError: A file is damaged; nothing was committed.
    """
    return take_out_found(
        Search(destination, selection), reason=reason, clock=clock, first=first, ready=ready
    )


def take_out_found(
    search: Search,
    *,
    reason: str,
    clock: Clock,
    first: First | None = None,
    ready: Callable[[], None] | None = None,
) -> Taken:
    """The same for a search that may have looked into files before: these are not read again."""
    destination = search.destination
    if search.is_vain:
        return Taken()
    work = _Work(destination, search.selection, clock, first)
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            work.prepare(search.files())
            if work.made:
                _commit(work, reason, ready)
        except ConflictError:
            if last:
                delete(destination, _new(work.made.values()))
                raise
            continue
        break
    return _finish(work)


def _commit(work: _Work, reason: str, ready: Callable[[], None] | None) -> None:
    if ready is not None:
        ready()
    work.freshen()
    old = [one.match.file for one in work.made.values()]
    add = _new(work.made.values())
    commit(work.destination, old, add, reason=reason, now=work.clock())


def _finish(work: _Work) -> Taken:
    """Delete the old files of a commit."""
    work.see_that_all_are_there()
    delete(work.destination, [one.match.file for one in work.made.values()])
    return _told(work.made)


def _told(made: Mapping[DataPath, _Made]) -> Taken:
    devices: Counter[str] = Counter()
    for one in made.values():
        devices.update(one.devices)
    return Taken(len(made), dict(devices), sum(new.size for new in _new(made.values())))


def _counted(rows: pa.Table) -> Mapping[str, int]:
    counts = pc.value_counts(rows[DEVICE].cast(pa.string())).to_pylist()
    return {one["values"]: one["counts"] for one in counts}


def _new(made: Iterable[_Made]) -> list[DataFile]:
    return [one.new for one in made if one.new is not None]


def _cut_open(rows: pa.Table, selection: Selection) -> pa.Table:
    """Tiles of the selection's devices with raw cells, for only some of a chunk are chosen."""
    mine = selection.of_devices(rows)
    others = rows.filter(pc.invert(mine))
    return pa.concat_tables([others, readable(rows.filter(mine))])
