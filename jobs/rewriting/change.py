"""Change values of some rows of a destination, so that the old ones are in no version of any file.

Every other row stays as it is. A run may be killed anywhere, and be run again: before the commit
nothing has changed, and files that a killed run left behind are orphans, which the next deletes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs import inventory
from jobs.rewriting.find import Orphan, Search
from jobs.rewriting.selection import Selection
from jobs.rewriting.source import open_sources
from jobs.rewriting.take_out import Clock, First
from jobs.rewriting.written import Written, add_up, commit, delete, is_there, put, write
from schemas.errors import ConflictError, IntegrityError
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile
from storage.parquet import decode

_TRIES = 20
"""Of a commit whose files vanish, since others rewrite them meanwhile."""


@dataclass(frozen=True, slots=True)
class Change:
    """What rows become.

    Attributes:
        of: Whose rows are looked at.
        chosen: (n,) bool of a file's rows, whether a row of them is changed.
        to: Those rows, as they are to be: as many, in their order.
    """

    of: Selection
    chosen: Callable[[pa.Table], pa.ChunkedArray] = field(repr=False)
    to: Callable[[pa.Table], pa.Table] = field(repr=False)

    def mask(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is one that is changed."""
        return pc.and_(self.of.has(rows), pc.fill_null(self.chosen(rows), fill_value=False))


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done.

    Attributes:
        there: Rows that were chosen.
        rows: Of them, those that had another value before.
        files: That were rewritten.
    """

    there: int = 0
    rows: int = 0
    files: int = 0


@dataclass(slots=True)
class _Work:
    """Changing rows of one destination.

    Attributes:
        there: Rows that were chosen.
        rows: Of them, those that have another value now.
        old: Files that are rewritten.
        new: Those that stand for them.
    """

    destination: Destination
    wanted: Change
    clock: Clock
    first: First | None
    there: int = 0
    rows: int = 0
    old: list[DataFile] = field(default_factory=list)
    new: list[Written] = field(default_factory=list)

    def prepare(self, file: DataFile) -> None:
        """Put the file that stands for one, where values in it change.

        Raises:
            ConflictError: It is gone.
            IntegrityError: It is damaged, or its rows would change.
        """
        rows = self._read(file)
        mask = self.wanted.mask(rows)
        before = rows.filter(mask)
        after = self.wanted.to(before)
        self.there += before.num_rows
        if after.equals(before):
            return
        if self.first is not None:
            self.first(file.path, before)
        self.rows += before.num_rows
        whole = pa.concat_tables([rows.filter(pc.invert(mask)), after])
        written = write(self.destination, whole, file.path.beside(), self.clock())
        self.old.append(file)
        self.new.append(written)
        if add_up([rows["offset"]]) != add_up([written.offsets]):
            raise IntegrityError(f"{self.destination}: {file.path}: a rewrite would change rows")

    def commit(self, reason: str) -> None:
        """Both or neither: the old files go, the new ones are there.

        Raises:
            ConflictError: One of the old is gone; the new ones are, too.
        """
        files = [one.file for one in self.new]
        if files:
            commit(self.destination, self.old, files, reason=reason, now=self.clock())
        put(self.destination, [o for o in self.new if not is_there(self.destination, o.file)])
        delete(self.destination, self.old)

    def give_up(self) -> None:
        """Leave nothing behind."""
        delete(self.destination, [one.file for one in self.new])

    def _read(self, file: DataFile) -> pa.Table:
        try:
            (source,) = open_sources(self.destination, [file])
            return source.stored().cast(self.destination.table.schema)
        except (pa.ArrowException, OSError):
            raise IntegrityError(f"{self.destination}: {file.path} is damaged") from None


def change(
    destination: Destination,
    wanted: Change,
    *,
    reason: str,
    clock: Clock,
    first: First | None = None,
) -> Changed:
    """Change rows in one commit, and delete every version of the files that had the old values.

    Args:
        destination: Where; a table whose rows each can be read alone: not of map tiles.
        wanted: Which rows, and what they become.
        reason: What the commit says.
        clock: UTC, by this machine.
        first: Told the rows with a file's old values, before anything goes.

    Raises:
        ConflictError: Others never rest; nothing was changed.
        RetryableError: Something is left to do; what was committed is right.
        IntegrityError: A file is damaged; nothing was changed.
    """
    search = Search(destination, wanted.of)
    for last in [False] * (_TRIES - 1) + [True]:
        work = _Work(destination, wanted, clock, first)
        try:
            for match in search.files():
                work.prepare(match.file)
            work.commit(reason)
        except ConflictError:
            work.give_up()
            if last:
                raise
            continue
        break
    if work.there:
        _drop_left_behind(destination, wanted, search)
    return Changed(work.there, work.rows, len(work.old))


def _drop_left_behind(destination: Destination, wanted: Change, search: Search) -> None:
    """Delete files with such rows that no log entry names.

    The rows are in the table, so nobody is about to commit them: what has them is an old file.
    """
    left = [one.path for one in search.found().orphans if _has(destination, wanted, one)]
    inventory.delete(destination, left)


def _has(destination: Destination, wanted: Change, orphan: Orphan) -> bool:
    """Whether a file has such rows; also where nobody can look, since only older versions are left.

    Raises:
        IntegrityError: It is damaged.
    """
    if orphan.rows is None:
        return True
    try:
        rows = decode(destination.store.get(object_key(destination.table.name, orphan.path)))
    except KeyError:  # somebody else deleted it
        return False
    return bool(pc.any(wanted.mask(rows)).as_py())
