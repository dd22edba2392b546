"""Times by questions that a made-up log answers as Kafka does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.structs import OffsetAndTimestamp

from jobs.kafka.first_times import first_times
from schemas.lineage import Partition

PLACE = Partition("fleet.telemetry", "an-id", 3)
NOTHING = OffsetAndTimestamp(-1, -1, -1)
FOUR_DAYS = 4 * 86_400_000


@dataclass(slots=True)
class Log:
    """One partition.

    Attributes:
        times: When each record came, milliseconds.
        begin: The offset of the first.
        newest: Whether it is told which is; it is not while another one comes.
    """

    times: list[int]
    begin: int = 0
    newest: bool = True
    asked: int = 0

    def ask(
        self, wanted: Mapping[TopicPartition, int]
    ) -> Mapping[TopicPartition, OffsetAndTimestamp]:
        self.asked += 1
        return {at: self._answer(when) for at, when in wanted.items()}

    def time_of(self, offset: int) -> datetime | None:
        found = first_times(self.ask, {PLACE: offset})
        assert set(found) <= {PLACE}
        return found.get(PLACE)

    def _answer(self, when: int) -> OffsetAndTimestamp:
        if when == OffsetSpec.LATEST:
            return OffsetAndTimestamp(self.begin + len(self.times), -1, -1)
        known = list(enumerate(self.times, self.begin))
        if when == OffsetSpec.MAX_TIMESTAMP:
            if not self.newest:
                return NOTHING
            at, time = max(known, key=lambda one: one[1], default=(-1, -1))
            return OffsetAndTimestamp(at, time, -1)
        later = ((at, time) for at, time in known if time >= when)
        return OffsetAndTimestamp(*next(later, (-1, -1)), -1)


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


clocks = st.lists(st.integers(0, 5_000), min_size=1, max_size=60)


@given(clocks, st.integers(0, 100), st.data())
def test_the_time_is_the_records_own_to_the_millisecond(
    times: list[int], begin: int, data: st.DataObject
) -> None:
    log = Log(sorted(times), begin, newest=data.draw(st.booleans()))
    place = data.draw(st.integers(0, len(times) - 1))
    assert log.time_of(begin + place) == moment(log.times[place])


@given(clocks, st.data())
def test_where_the_brokers_clock_went_back_it_is_the_time_from_before(
    times: list[int], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(times) - 1))
    assert Log(times).time_of(place) == moment(max(times[: place + 1]))


@given(clocks, st.integers(1, 50), st.integers(0, 50))
def test_what_retention_took_has_the_time_of_the_first_that_is_there(
    times: list[int], begin: int, before: int
) -> None:
    log = Log(sorted(times), begin)
    assert log.time_of(max(0, begin - before)) == moment(log.times[0])


@given(st.lists(st.integers(0, 9)), st.integers(0, 9))
def test_nothing_has_no_time(times: list[int], beyond: int) -> None:
    assert Log(sorted(times)).time_of(len(times) + beyond) is None


@given(st.lists(st.integers(0, FOUR_DAYS), min_size=1, max_size=100), st.data())
def test_four_days_take_few_questions(times: list[int], data: st.DataObject) -> None:
    log = Log(sorted(times), newest=data.draw(st.booleans()))
    place = data.draw(st.integers(0, len(times) - 1))
    assert log.time_of(place) == moment(log.times[place])
    assert log.asked <= 3 + 13 + 3 * 29  # four days in strides, then one in three halves the rest


def test_who_asks_for_nothing_is_told_nothing() -> None:
    log = Log([1])
    assert first_times(log.ask, {}) == {}
