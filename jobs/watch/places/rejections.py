"""Dead letters by topic and reason, from the receipts that the dead letters' log holds."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.watch.state import Rejected
from storage.log import LogEntry
from storage.receipts import SpanReceipt

RECENTLY = timedelta(minutes=10)
"""What rates are taken over."""

JUST_NOW = timedelta(minutes=1)
"""What floods are seen over: a bad deploy shows soon, though all was well before."""

_REJECTED = "rejected/"


@dataclass(frozen=True, slots=True)
class Flood:
    """Dead letters of a topic over the last minute.

    Attributes:
        reason: The most frequent.
        records: How many.
        share: Of the topic's records, 0 to 1.
    """

    topic: str
    reason: str
    records: int
    share: float


@dataclass(frozen=True, slots=True)
class _Ended:
    """What one commit says of a topic's records."""

    time: datetime
    topic: str
    records: int
    rejected: Mapping[str, int]


class Rejections:
    """Counts dead letters commit by commit, over all and lately."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str], tuple[int, datetime]] = {}
        self._recent: deque[_Ended] = deque()

    def add(self, entry: LogEntry) -> None:
        """Go on with the next log entry."""
        records: Counter[str] = Counter()
        rejected: dict[str, Counter[str]] = {}
        for span in entry.receipt.spans if entry.receipt else ():
            topic = span.partition.topic
            records[topic] += span.records
            rejected.setdefault(topic, Counter()).update(_rejected(span))
        for topic, counts in rejected.items():
            self._note(_Ended(entry.time, topic, records[topic], counts))

    def states(self, now: datetime) -> tuple[Rejected, ...]:
        """By topic and reason."""
        lately: Counter[tuple[str, str]] = Counter()
        for one in self._lately(now):
            for reason, records in one.rejected.items():
                lately[one.topic, reason] += records
        minutes = RECENTLY / timedelta(minutes=1)
        return tuple(
            Rejected(*place, records, lately[place] / minutes, last)
            for place, (records, last) in sorted(self._totals.items())
        )

    def floods(self, now: datetime) -> tuple[Flood, ...]:
        """Of each topic that had dead letters just now."""
        records: Counter[str] = Counter()
        rejected: dict[str, Counter[str]] = {}
        for one in self._lately(now):
            if now - one.time > JUST_NOW:
                continue
            records[one.topic] += one.records
            rejected.setdefault(one.topic, Counter()).update(one.rejected)
        return tuple(
            Flood(
                topic,
                counts.most_common(1)[0][0],
                counts.total(),
                counts.total() / records[topic],
            )
            for topic, counts in sorted(rejected.items())
            if counts
        )

    def _note(self, one: _Ended) -> None:
        self._recent.append(one)
        for reason, records in one.rejected.items():
            before, _ = self._totals.get((one.topic, reason), (0, one.time))
            self._totals[one.topic, reason] = before + records, one.time

    def _lately(self, now: datetime) -> "deque[_Ended]":
        while self._recent and now - self._recent[0].time > RECENTLY:
            self._recent.popleft()
        return self._recent


def _rejected(span: SpanReceipt) -> dict[str, int]:
    return {
        how.removeprefix(_REJECTED): records
        for how, records in span.outcomes.items()
        if how.startswith(_REJECTED) and records
    }
