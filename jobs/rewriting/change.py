"""Change values of some rows of a destination, so that the old ones are in no version of any file.

Every other row stays as it is. A run may be killed anywhere, and be run again: before the commit
nothing has changed, and files that a killed run left behind are orphans, which the next deletes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs import inventory
from jobs.rewriting.find import Match, Orphan, Search
from jobs.rewriting.remake import Clock, First, Remaking, would_change
from jobs.rewriting.selection import Selection
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import decode


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
class _Changing:
    """What becomes of files whose rows are changed.

    Attributes:
        there: Of each file, rows that were chosen.
    """

    search: Search
    wanted: Change
    there: dict[DataPath, int] = field(default_factory=dict)

    def __call__(self, match: Match, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
        """All rows as they are to be, and as they were those that had other values."""
        rows = rows.cast(self.search.destination.table.schema)
        mask = self.wanted.mask(rows)
        before = rows.filter(mask)
        after = self.wanted.to(before)
        self.there[match.file.path] = before.num_rows
        if after.equals(before):
            return rows, before.slice(0, 0)
        if not after["offset"].equals(before["offset"]):
            raise would_change(self.search, match)
        return pa.concat_tables([rows.filter(pc.invert(mask)), after]), before


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
    changing = _Changing(search, wanted)
    remaking = Remaking(search, changing, clock, first)
    done = remaking.carry_out(reason)
    there = sum(changing.there[path] for path in remaking.paths)
    if there:
        _drop_left_behind(destination, wanted, search)
    return Changed(there, sum(one.gone for one in done), len(done))


def _drop_left_behind(destination: Destination, wanted: Change, search: Search) -> None:
    """Delete files with old values that no log entry names.

    Nobody can commit them any more: what they were made of is gone. A file with the new values may
    be a compaction's, which is about to commit it.
    """
    left = [one.path for one in search.found().orphans if _is_old(destination, wanted, one)]
    live = {file.path for file in destination.live()}
    inventory.delete(destination, [path for path in left if path not in live])


def _is_old(destination: Destination, wanted: Change, orphan: Orphan) -> bool:
    """Whether a file has old values; also where nobody can look: only older versions are left.

    Raises:
        IntegrityError: It is damaged.
    """
    if orphan.rows is None:
        return True
    try:
        rows = decode(destination.store.get(object_key(destination.table.name, orphan.path)))
    except KeyError:  # somebody else deleted it
        return False
    rows = rows.cast(destination.table.schema)
    chosen = rows.filter(wanted.mask(rows))
    return not wanted.to(chosen).equals(chosen)
