"""Take rows out of a destination: every other row stays as it is, in files as the table's are."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from jobs.rewriting.find import Match, Search
from jobs.rewriting.remake import Clock, First, Remaking, would_change
from jobs.rewriting.selection import DEVICE, Selection
from schemas.tables import MAP_TILES
from storage.decoded import readable
from storage.lake import Destination
from storage.layout import DataPath


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


@dataclass(slots=True)
class _Split:
    """What becomes of files whose rows are taken out.

    Attributes:
        devices: Of each file, pseudonym -> rows.
    """

    search: Search
    devices: dict[DataPath, Mapping[str, int]] = field(default_factory=dict)

    def __call__(self, match: Match, rows: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Those that stay, and those that are taken out."""
        selection = self.search.selection
        chosen = selection.has(rows)
        if self.search.destination.table is MAP_TILES and chosen != selection.of_devices(rows):
            rows = _cut_open(rows, selection)
            chosen = selection.has(rows)
        left, taken = rows.filter(pc.invert(chosen)), rows.filter(chosen)
        if (left.num_rows, taken.num_rows) != (match.file.rows - match.rows, match.rows):
            raise would_change(self.search, match)
        self.devices[match.file.path] = _counted(taken)
        return left, taken


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
    if search.is_vain:
        return Taken()
    split, devices = _Split(search), Counter[str]()
    done = Remaking(search, split, clock, first, ready).carry_out(reason)
    for one in done:
        devices.update(split.devices[one.match.file.path])
    return Taken(len(done), dict(devices), sum(one.new.size for one in done if one.new))


def _counted(rows: pa.Table) -> Mapping[str, int]:
    counts = pc.value_counts(rows[DEVICE].cast(pa.string())).to_pylist()
    return {one["values"]: one["counts"] for one in counts}


def _cut_open(rows: pa.Table, selection: Selection) -> pa.Table:
    """Tiles of the selection's devices with raw cells, for only some of a chunk are chosen."""
    mine = selection.of_devices(rows)
    others = rows.filter(pc.invert(mine))
    return pa.concat_tables([others, readable(rows.filter(mine))])
