"""Files that have some rows are made anew, all of a destination in one commit.

A run may be killed anywhere, and be run again. Before the commit nothing has changed, but for files
that nothing names; behind it the old files are deleted, or are orphans that `find` tells of. A new
file is the same bytes whenever it is made, so it need not be held in memory until its commit:
should a sweeper have taken it, it is made again.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from jobs.rewriting.find import Match, Search
from jobs.rewriting.offsets import add_up
from jobs.rewriting.source import open_sources
from jobs.rewriting.written import PUT_AGAIN, commit, delete, is_there, put_lost, write
from schemas.errors import ConflictError, IntegrityError
from storage.layout import DataPath
from storage.log import DataFile
from storage.preserved import preserve, preserved_in

Clock = Callable[[], datetime]

First = Callable[[DataPath, pa.Table], None]
"""Told the rows of a file that go, before anything goes: to copy them somewhere.

They may be told again, of the same file or of another that stands for it. Tiles are in either tier;
what is in the compacted one are whole devices, to be read by `storage.decoded.readable`.
"""

How = Callable[[Match, pa.Table], tuple[pa.Table, pa.Table]]
"""A file's rows -> those of the file that stands for it, and those that go; none: it stays.

Deterministic. Raises IntegrityError where other rows would change.
"""

_TRIES = 20
"""Of a commit whose files vanish, since others rewrite them meanwhile."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and the one that stands for it.

    Attributes:
        new: None where no row is left.
        gone: Rows of the old one that are no more, in its order.
        at: When it was put, UTC.
    """

    match: Match
    new: DataFile | None
    gone: int
    at: datetime


@dataclass(slots=True)
class Remaking:
    """Making anew what a search finds.

    Attributes:
        how: What becomes of a file's rows.
        clock: UTC, by this machine.
        first: Told what goes of each file, before anything goes.
        ready: Called when all was told, before the commit: what it raises keeps all rows there.
    """

    search: Search
    how: How
    clock: Clock
    first: First | None = None
    ready: Callable[[], None] | None = None
    _made: dict[DataPath, Made] = field(default_factory=dict)

    @property
    def paths(self) -> AbstractSet[DataPath]:
        """Of the files that were found last, whether they were made anew or stay."""
        return self._made.keys()

    def carry_out(self, reason: str) -> list[Made]:
        """Make the files, commit them, and delete every version of the old ones.

        Safe to repeat, to kill, and to run beside anything: a file that somebody else rewrites
        meanwhile is found again. What the sink commits meanwhile is the next search's.

        Raises:
            ConflictError: Others never rest; nothing was committed.
            RetryableError: Something is left to do; what was committed is right.
            IntegrityError: A file is damaged; nothing was committed.
        """
        for last in [False] * (_TRIES - 1) + [True]:
            try:
                self._prepare(self.search.files())
                self._commit(reason)
            except ConflictError:
                if last:
                    delete(self.search.destination, _new(self._made.values()))
                    raise
                continue
            break
        done = self._changed()
        made = {one.new.path: one for one in done if one.new is not None}
        put_lost(  # the old files are still there, should new ones be lost
            self.search.destination,
            _new(done),
            lambda file: self._make(made[file.path].match, file.path),
        )
        delete(self.search.destination, [one.match.file for one in done])
        return done

    def _prepare(self, matches: Iterable[Match]) -> None:
        """Have a new file for each that is found, and for no other."""
        wanted = {match.file.path: match for match in matches}
        vanished = [self._made.pop(path) for path in self._made.keys() - wanted.keys()]
        delete(self.search.destination, _new(vanished))
        store, table = self.search.destination.store, self.search.destination.table.name
        kept = preserved_in(store, table)
        for path in wanted.keys() - self._made.keys():
            new = path.beside()
            if path in kept:
                preserve(store, table, [new])  # before there is a file that expiry may see
            self._made[path] = self._make(wanted[path], new)

    def _commit(self, reason: str) -> None:
        if self.ready is not None:
            self.ready()
        changed = self._changed()
        if not changed:
            return
        for one in changed:
            if self.clock() - one.at > PUT_AGAIN:
                self._put_again(one)
        old, now = [one.match.file for one in changed], self.clock()
        commit(self.search.destination, old, _new(changed), reason=reason, now=now)

    def _changed(self) -> list[Made]:
        return [one for one in self._made.values() if one.gone]

    def _put_again(self, one: Made) -> None:
        """Make a new file again if it was swept."""
        if one.new is not None and not is_there(self.search.destination, one.new):
            self._make(one.match, one.new.path)

    def _make(self, match: Match, path: DataPath) -> Made:
        """Put the file that stands for one.

        Raises:
            ConflictError: It is gone.
            IntegrityError: It is damaged, or other rows would change.
        """
        destination, now = self.search.destination, self.clock()
        try:
            (source,) = open_sources(destination, [match.file])
            rows, gone = self.how(match, source.stored())
            if gone.num_rows and self.first is not None:
                self.first(match.file.path, gone)
            if not gone.num_rows or not rows.num_rows:
                return Made(match, None, gone.num_rows, now)
            written = write(destination, rows, path, now)
            if add_up([rows["offset"]]) != add_up([written.offsets]):
                raise would_change(self.search, match)
        except (pa.ArrowException, OSError) as error:
            raise IntegrityError(f"{destination}: {match.file.path} is damaged") from error
        return Made(match, written.file, gone.num_rows, now)


def would_change(search: Search, match: Match) -> IntegrityError:
    """A rewrite is not what it has to be."""
    file = f"{search.destination}: {match.file.path}"
    return IntegrityError(f"{file}: a rewrite would change other rows; nothing was committed")


def _new(made: Iterable[Made]) -> list[DataFile]:
    return [one.new for one in made if one.new is not None]
