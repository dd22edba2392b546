"""Which folders no row will come to any more, as far as a destination's log can tell.

A fresh row goes to the folder of its hour, and is not fresh two hours later (`retention.FRESH`). So
an hour is closed once every Kafka partition has passed its end by two hours, by the broker's clock:
the log says of each partition when the newest rows that it stored were ingested, and what comes
later was ingested later. A partition that stored nothing for a day holds nothing up.

An hour closed too early is no harm: rows that still come are compacted with it once more.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from schemas.lineage import Partition
from schemas.retention import FORTNIGHT, FRESH
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from storage.layout import DataPath
from storage.log import LogEntry, entry_times

IDLE = timedelta(days=1)
"""A partition that stored nothing for so long is not waited for."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NEARLY_GONE = timedelta(hours=1)
"""What expires so soon is not worth the work."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is over.

    Attributes:
        now: When the run started, UTC.
        passed: What the broker gets from now on, of any partition, it gets later than this, UTC.
        late_window: How long after it happened a row may come.
    """

    now: datetime
    passed: datetime
    late_window: timedelta

    def is_closed(self, path: DataPath) -> bool:
        """Whether no row will come to the path's folder."""
        begin = path.expires - FORTNIGHT
        if is_of_a_date(path):
            return begin + _DAY + self.late_window <= self.passed
        return begin + _HOUR + FRESH <= self.passed

    def is_worth_it(self, path: DataPath) -> bool:
        """Whether the path's folder stays for a while."""
        return path.expires > self.now + _NEARLY_GONE


def is_of_a_date(path: DataPath) -> bool:
    """Whether late rows go to the path's folder; so do the fresh ones of the first hour."""
    return path.expires - FORTNIGHT == datetime.combine(path.date, time(), UTC)


def read_horizon(destination: Destination, now: datetime, late_window: timedelta) -> Horizon:
    """Read the log's last day.

    Raises:
        RetryableError: The store gave no answer.
    """
    times = entry_times(destination.store, destination.table.name)
    earlier = [version for version, put in times.items() if put < now - IDLE]
    newest: dict[Partition, datetime] = {}
    for entry in destination.entries(max(earlier, default=-1), there=times):
        newest |= _stored(entry, destination)
    return Horizon(now, min([now, *newest.values()]), late_window)


def _stored(entry: LogEntry, destination: Destination) -> dict[Partition, datetime]:
    """The partitions that the entry has rows of -> when the first of its rows was ingested."""
    times = [file.bounds["ingest_time"][0] for file in entry.added if "ingest_time" in file.bounds]
    firsts = [time for time in times if isinstance(time, datetime)]
    if entry.receipt is None or not firsts:
        return {}
    outcome = f"stored/{destination.region}"
    if destination.table is DEAD_LETTERS:
        outcome = "rejected/"
    return {
        span.partition: min(firsts)
        for span in entry.receipt.spans
        if any(count and how.startswith(outcome) for how, count in span.outcomes.items())
    }
