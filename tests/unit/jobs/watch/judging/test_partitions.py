from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import NOW

from jobs.kafka import GroupDescription, Member, Topic
from jobs.lag import Waiting
from jobs.watch.judging.partitions import KafkaSeen, Partitions
from jobs.watch.places.holdings import holdings
from jobs.watch.places.table_log import TableSeen
from jobs.watch.state import PartitionState
from jobs.watch.verdict import Verdict
from schemas.lineage import Partition
from schemas.regions import Region
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination

TOPIC = "fleet.telemetry"
RETENTION, PATIENCE = timedelta(days=4), timedelta(seconds=30)
SECOND = timedelta(seconds=1)
OWNER = Member("worker-7f1a-0815", "worker-7f1a", "10.0.0.7", partitions=((TOPIC, 0), (TOPIC, 1)))


def partition(number: int) -> Partition:
    return Partition(TOPIC, "AAAA", number)


def kafka(
    *waiting: Waiting, members: tuple[Member, ...] = (OWNER,), retention: str = "345600000"
) -> KafkaSeen:
    topic = Topic(TOPIC, "AAAA", len(waiting), {"retention.ms": retention})
    return KafkaSeen({TOPIC: topic}, GroupDescription("Stable", members), waiting)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> DirectoryStore:
    return DirectoryStore(tmp_path_factory.mktemp("lake"))


def log(
    place: DirectoryStore, region: str, *versions: int, moved: timedelta = SECOND, lost: int = 0
) -> TableSeen:
    """A destination that holds each partition up to a version, and moved them all so long ago."""
    names = [partition(number).application_id for number in range(len(versions))]
    return TableSeen(
        Destination(TELEMETRY, Region(region), place),
        7,
        NOW - moved,
        dict(zip(names, versions, strict=True)),
        dict.fromkeys(names, NOW - moved),
        dict.fromkeys(names, lost),
        holdings([], "event_time"),
        (),
        (),
        (),
        NOW,
    )


def waits(number: int, end: int, held: int, age: timedelta) -> Waiting:
    return Waiting(partition(number), 0, end, held, held, age)


def only(partitions: Partitions, seen: KafkaSeen, *logs: TableSeen) -> PartitionState:
    return partitions.states(seen, logs, NOW)[0]


@given(st.timedeltas(timedelta(0), 5 * RETENTION))
def test_time_to_loss_is_what_retention_leaves_of_the_first_record_that_waits(
    age: timedelta,
) -> None:
    seen = only(Partitions(PATIENCE), kafka(waits(0, 9, 4, age)))
    assert seen.time_to_loss == (RETENTION - age if age else None)
    assert seen.lag_time == age


def test_what_kafka_keeps_for_ever_is_never_lost() -> None:
    seen = only(Partitions(PATIENCE), kafka(waits(0, 9, 4, SECOND), retention="-1"))
    assert seen.time_to_loss is None


def test_the_slowest_destination_is_named_and_says_how_long_it_has_not_moved(
    place: DirectoryStore,
) -> None:
    logs = (log(place, "eu", 8), log(place, "us", 3, moved=90 * SECOND))
    seen = only(Partitions(PATIENCE), kafka(waits(0, 9, 4, SECOND)), *logs)
    assert (seen.slowest, seen.commit_age) == ("telemetry in us", 90 * SECOND)
    assert (seen.owner, seen.host) == (OWNER.consumer_id, OWNER.host)


def test_a_stuck_partition_is_told_in_words_that_need_no_code(place: DirectoryStore) -> None:
    partitions = Partitions(PATIENCE)
    age = timedelta(minutes=4)
    logs = [log(place, "eu", 3, moved=age)]
    for ago in (40, 20, 0):
        seen = kafka(waits(0, 31_208, 4, age - ago * SECOND))
        (state,) = partitions.states(seen, logs, NOW - ago * SECOND)
    assert state.verdict is Verdict.STOP
    assert state.sentence == (
        "partition 0 of fleet.telemetry has not moved for 4 min; "
        "worker worker-7f1a-0815 at 10.0.0.7 owns it; 31,204 records wait; "
        "data is lost in 3 d 23 h"
    )


def test_a_partition_beside_others_that_its_owner_moves_has_stalled(place: DirectoryStore) -> None:
    partitions = Partitions(PATIENCE)
    for ago in (40, 20, 0):
        now = NOW - ago * SECOND
        seen = kafka(waits(0, 9, 4, 80 * SECOND), waits(1, 99 - ago, 99 - ago, timedelta(0)))
        first, second = partitions.states(seen, [log(place, "eu", 3, 98 - ago)], now)
    assert (first.verdict, second.verdict) == (Verdict.STALL, Verdict.OK)
    assert "its owner moves other partitions" in first.sentence


def test_what_retention_took_is_counted_from_receipts_and_from_what_is_missing_now(
    place: DirectoryStore,
) -> None:
    gone = Waiting(partition(0), begin=50, end=60, group_offset=4, next_offset=4, age=SECOND)
    seen = only(Partitions(PATIENCE), kafka(gone), log(place, "eu", 3, lost=7))
    assert (seen.verdict, seen.lost) == (Verdict.ERR, 53)
    assert seen.sentence.startswith("Kafka deleted 46 records that were not durable")


def test_what_was_lost_before_anything_was_durable_is_counted_too(place: DirectoryStore) -> None:
    gone = Waiting(partition(0), begin=50, end=60, group_offset=None, next_offset=0, age=SECOND)
    seen = only(Partitions(PATIENCE), kafka(gone), log(place, "eu", -1))
    assert (seen.verdict, seen.lost) == (Verdict.ERR, 50)


def test_a_partition_that_is_looked_at_seldom_is_judged_all_the_same(place: DirectoryStore) -> None:
    partitions = Partitions(PATIENCE)
    for minutes in (9, 6, 3, 0):
        now = NOW - timedelta(minutes=minutes)
        seen = kafka(waits(0, 9, 4, timedelta(hours=1)), members=())
        (state,) = partitions.states(seen, [log(place, "eu", 3)], now)
    assert state.verdict is Verdict.STOP


def test_a_partition_that_nobody_owns_says_so(place: DirectoryStore) -> None:
    partitions = Partitions(PATIENCE)
    for ago in (40, 20, 0):
        seen = kafka(waits(0, 9, 4, timedelta(hours=1)), members=())
        (state,) = partitions.states(seen, [log(place, "eu", 3)], NOW - ago * SECOND)
    assert state.verdict is Verdict.STOP
    assert "; no worker owns it; 5 records wait; " in state.sentence
