from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.kafka import Topic
from jobs.lag import Waiting, plan
from schemas.lineage import Partition

TOPIC = Topic("fleet.telemetry", "AAAA", 1, {})
PARTITION = Partition("fleet.telemetry", "AAAA", 0)
NAME = PARTITION.application_id


def waiting(begin: int, end: int, versions: list[int | None], group: int | None = None) -> Waiting:
    groups = {} if group is None else {(TOPIC.name, 0): group}
    held = [{NAME: version} for version in versions]
    (found,) = plan(TOPIC, begins={0: begin}, ends={0: end}, group_offsets=groups, versions=held)
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
