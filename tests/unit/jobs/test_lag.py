from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka import Topic
from jobs.lag import Waiting, aged, plan
from schemas.lineage import Partition

TOPIC = Topic("fleet.telemetry", "AAAA", 1, {})
PARTITION = Partition("fleet.telemetry", "AAAA", 0)
NAME = PARTITION.application_id


def waiting(begin: int, end: int, versions: list[int | None], group: int | None = None) -> Waiting:
    groups = {} if group is None else {(TOPIC.name, 0): group}
    held = [{NAME: version} for version in versions]
    spans = {(TOPIC.name, 0): (begin, end)}
    (found,) = plan(TOPIC, spans=spans, group_offsets=groups, versions=held)
    return found


def test_the_slowest_destination_says_what_is_durable_and_the_group_only_claims() -> None:
    found = waiting(0, 10, [9, 6, 8], group=10)
    assert (found.next_offset, found.lag, found.first, found.group_offset) == (7, 3, 7, 10)


def test_where_all_is_durable_nothing_waits() -> None:
    assert waiting(0, 10, [9, 9]).lag == 0


def test_where_no_destination_knows_the_partition_all_of_it_waits() -> None:
    found = waiting(4, 10, [None, None])
    assert (found.next_offset, found.lag, found.first) == (None, 6, 4)


def test_what_retention_took_unread_counts_but_is_not_looked_for() -> None:
    found = waiting(5, 10, [1])
    assert (found.lag, found.first) == (8, 5)


@given(st.integers(0, 50), st.integers(0, 50), st.lists(st.integers(-1, 99), min_size=1))
def test_the_first_that_waits_is_one_that_kafka_has(
    begin: int, length: int, versions: list[int]
) -> None:
    end = begin + length
    found = waiting(begin, end, [min(version, end - 1) for version in versions])
    assert begin <= found.first <= end
    assert (found.first == end) == (found.lag == 0 or begin == end)
    assert found.age == timedelta(0)


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(-5, 50))
def test_lag_in_seconds_is_the_age_of_the_first_record_that_is_not_durable(
    durable: int, more: int, seconds: int
) -> None:
    came = NOW - timedelta(seconds=seconds)

    def times(wanted: Mapping[Partition, int]) -> Mapping[Partition, datetime]:
        assert wanted == {PARTITION: durable + 1}
        return {PARTITION: came}

    (found,) = aged([waiting(0, durable + 1 + more, [durable])], times, NOW)
    assert found.age == timedelta(seconds=max(seconds, 0))


def test_where_nothing_waits_nothing_is_fetched_and_the_lag_is_no_time_at_all() -> None:
    def times(wanted: Mapping[Partition, int]) -> Mapping[Partition, datetime]:
        assert wanted == {}
        return {}

    (found,) = aged([waiting(0, 10, [9])], times, NOW)
    assert found.age == timedelta(0)


def test_offsets_that_hold_no_record_are_no_time_at_all() -> None:
    (found,) = aged([waiting(0, 10, [8])], lambda _: {}, NOW)
    assert (found.lag, found.age) == (1, timedelta(0))
