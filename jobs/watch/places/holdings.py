"""What a table holds, summed up from its log: how much, how new, how old, and what is due when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from jobs.oldest import Oldest, oldest
from storage.log import DataFile


@dataclass(frozen=True, slots=True)
class Due:
    """What a table has to let go at an hour."""

    files: int
    rows: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a table holds.

    Attributes:
        size: Bytes.
        newest: Of the newest row by its clock, UTC; None: there is no row.
        oldest: None: there is no row.
        hours: `expires` -> what is due then.
    """

    files: int
    rows: int
    size: int
    newest: datetime | None
    oldest: Oldest | None
    hours: Mapping[datetime, Due]

    def overdue(self, now: datetime) -> Due:
        """What should be gone and is not: the expiry backlog."""
        late = [due for hour, due in self.hours.items() if hour <= now]
        return Due(sum(due.files for due in late), sum(due.rows for due in late))


def holdings(files: Iterable[DataFile], clock: str) -> Holdings:
    """Sum up a table's files.

    Args:
        files: Those that the table consists of.
        clock: The column that says how new a row is.
    """
    live = list(files)
    ends = (file.bounds[clock][1] for file in live if clock in file.bounds)
    hours: dict[datetime, list[int]] = {}
    for file in live:
        hours.setdefault(file.path.expires, []).append(file.rows)
    return Holdings(
        len(live),
        sum(file.rows for file in live),
        sum(file.size for file in live),
        max((end for end in ends if isinstance(end, datetime)), default=None),
        oldest(live),
        {hour: Due(len(rows), sum(rows)) for hour, rows in hours.items()},
    )
