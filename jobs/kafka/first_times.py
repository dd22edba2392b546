"""When the first of several partitions' waiting records came, by questions about times alone.

Kafka says to whoever may describe a topic which offset is the first that came at a time or later;
nobody needs to read a record for it. Each question is about all partitions that are left. Made-up
logs of up to 100,000 records took 4 questions where records came evenly, 7 where they came by the
hundred at once, and 16 where there were hours between bursts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.structs import OffsetAndTimestamp

from schemas.lineage import Partition

Ask = Callable[[Mapping[TopicPartition, int]], Mapping[TopicPartition, OffsetAndTimestamp]]
"""Milliseconds, or one of Kafka's own words -> the first offset from then on, and when it came."""

_NEAR = 2
"""So few records further on, the next one is asked for."""

_STRIDE = 30_000
"""Milliseconds; twice as many are gone, then four times, where it is not known how far."""


@dataclass(slots=True)
class _Search:
    """For the time of one offset.

    Attributes:
        wanted: The offset.
        offset: The last one that is known, not behind `wanted`.
        time: When it came, milliseconds.
        beyond: Everything from this time on is behind `wanted`; None: not known yet.
        behind: The first of those, or where the log ends.
    """

    wanted: int
    offset: int
    time: int
    beyond: int | None
    behind: int
    _guesses: int = 0

    @property
    def is_over(self) -> bool:
        """Whether `time` is when `wanted` came."""
        near = self.beyond is not None and self.beyond <= self.time + 1
        return self.offset == self.wanted or near

    def next(self) -> int:
        """The time to ask about: later than `time`, and earlier than `beyond`."""
        self._guesses += 1
        if self.beyond is None:
            return self.time + (_STRIDE << self._guesses)
        length, left = self.beyond - self.time, self.wanted - self.offset
        if left <= _NEAR or self._guesses % 3 == 0:
            step = 1  # the next record; or all that came together share a time
        elif self._guesses % 3 == 1:
            step = length * left // (self.behind - self.offset)  # as if records came evenly
        else:
            step = length // 2
        return self.time + min(max(step, 1), length - 1)

    def learn(self, asked: int, found: OffsetAndTimestamp) -> None:
        """Take the answer about a time."""
        if 0 <= found.offset <= self.wanted:
            self.offset, self.time = found.offset, found.timestamp
        else:
            self.beyond = asked
            self.behind = found.offset if found.offset >= 0 else self.behind


def first_times(ask: Ask, wanted: Mapping[Partition, int]) -> dict[Partition, datetime]:
    """The broker's time of the record at an offset of each partition, or of the first behind it.

    While one comes, Kafka does not say which is the newest: the search is a little longer then. A
    transaction's marker is told like a record. Where the broker's clock once went back, what came
    then has the time from before.

    Args:
        ask: Asks Kafka.
        wanted: Partition -> offset, both of topics as they are now.

    Returns:
        Without those that have nothing there.
    """
    places = {TopicPartition(one.topic, one.number): one for one in wanted}
    ends, last, first = (
        ask(dict.fromkeys(places, which))
        for which in (OffsetSpec.LATEST, OffsetSpec.MAX_TIMESTAMP, 0)
    )
    left = {
        at: _Search(
            max(wanted[one], first[at].offset),
            first[at].offset,
            first[at].timestamp,
            beyond=last[at].timestamp + 1 if last[at].offset >= 0 else None,
            behind=ends[at].offset,
        )
        for at, one in places.items()
        if first[at].offset >= 0 and wanted[one] < ends[at].offset
    }
    found: dict[Partition, datetime] = {}
    while left:
        over = {at: one.time for at, one in left.items() if one.is_over}
        found |= {places[at]: datetime.fromtimestamp(ms / 1000, UTC) for at, ms in over.items()}
        left = {at: one for at, one in left.items() if at not in over}
        asked = {at: one.next() for at, one in left.items()}
        for at, answer in (ask(asked) if asked else {}).items():
            left[at].learn(asked[at], answer)
    return found
