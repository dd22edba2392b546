"""States as watch has them, without a Kafka: an hour of a healthy system, and what goes wrong."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from jobs.watch.history import History
from jobs.watch.problems import Problem, Runbook
from jobs.watch.reach import Place, Reach
from jobs.watch.state import (
    Group,
    Member,
    PartitionState,
    Rejected,
    State,
    TableState,
    WorkerState,
)
from jobs.watch.verdict import Verdict
from schemas.lineage import Partition
from schemas.regions import Region
from schemas.tables import DEAD_LETTERS, STREAMED

NOW = datetime(2026, 11, 25, 3, 12, 40, tzinfo=UTC)
RETENTION = timedelta(days=4)
WORKERS = ("worker-7f1a", "worker-c40e")
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def partition_state(
    number: int, *, topic: str = "fleet.telemetry", lag: int = 0, **changed: object
) -> PartitionState:
    """A partition that is well, but for what is given."""
    waits = timedelta(seconds=2) if lag else timedelta(0)
    said = f"{lag:,} records wait" if lag else "nothing waits"
    owner = WORKERS[number % len(WORKERS)]
    well = PartitionState(
        Partition(topic, "id-of-" + topic, number),
        begin=0,
        end=50_000,
        group_offset=50_000 - lag,
        next_offset=50_000 - lag,
        slowest=f"{STREAMED[topic].name} in eu",
        group_lag=lag,
        lag=lag,
        lag_time=waits,
        time_to_loss=RETENTION - waits if lag else None,
        commit_age=2 * SECOND,
        lost=0,
        owner=f"{owner}-4b1d",
        host="/10.0.0.7",
        verdict=Verdict.OK,
        sentence=f"partition {number} of {topic} moves; {said}",
    )
    return replace(well, **changed)  # type: ignore[arg-type] # each by its own name


def stuck(
    number: int, *, since: timedelta, lag: int, topic: str = "fleet.telemetry"
) -> PartitionState:
    """A partition that does not move."""
    owner = WORKERS[number % len(WORKERS)]
    sentence = (
        f"partition {number} of {topic} has not moved for {since.seconds // 60} min; "
        f"{owner} owns it; {lag:,} records wait; data is lost in 3 d 23 h"
    )
    return partition_state(
        number,
        topic=topic,
        lag=lag,
        lag_time=since,
        time_to_loss=RETENTION - since,
        commit_age=since,
        verdict=Verdict.STALL,
        sentence=sentence,
    )


def table_state(table: str, region: str, now: datetime = NOW, **changed: object) -> TableState:
    """A table that is well, but for what is given."""
    well = TableState(
        table,
        Region(region),
        answers=True,
        version=812,
        committed=now - 3 * SECOND,
        files=96,
        rows=4_130_000,
        size=61_000_000,
        newest=now - 5 * SECOND,
        freshness=5 * SECOND,
        oldest=now - 13 * DAY,
        expires=now + timedelta(hours=1),
        overdue_files=0,
        overdue_rows=0,
    )
    return replace(well, **changed)  # type: ignore[arg-type] # each by its own name


def state(now: datetime = NOW, **changed: object) -> State:
    """A state in which all is well, but for what is given."""
    well = State(
        now=now,
        took=timedelta(milliseconds=140),
        cluster="kafka:9092",
        reaches=tuple(
            Reach(kind, name, answers=True, since=now - DAY, took=timedelta(milliseconds=12))
            for kind, name in _PLACES
        ),
        group=_group(),
        partitions=tuple(
            partition_state(number, topic=topic, lag=17 * (number % 3))
            for topic in STREAMED
            for number in range(6)
        ),
        tables=(
            table_state(DEAD_LETTERS.name, "eu", now),
            *(
                table_state(t.name, region, now)
                for t in STREAMED.values()
                for region in ("eu", "us")
            ),
        ),
        rejected=(
            Rejected(
                "fleet.telemetry", "the device is not registered", 214, 1.6, now - 20 * SECOND
            ),
            Rejected("fleet.map-tiles", "the cells cannot be read", 9, 0.1, now - 400 * SECOND),
        ),
        workers=tuple(_worker(url, now) for url in _METRICS),
        covered_from=now - 2 * DAY,
    )
    return replace(well, **changed)  # type: ignore[arg-type] # each by its own name


def problem(sentence: str, *, since: datetime, verdict: Verdict = Verdict.STALL) -> Problem:
    return Problem(Runbook.PARTITION_STUCK, verdict, "fleet.telemetry:3", sentence, since)


def hour(now: datetime = NOW, *, every: timedelta = timedelta(seconds=20)) -> History:
    """An hour in which all was well."""
    history = History()
    n = timedelta(minutes=58) // every
    for i in range(n + 1):
        history.append(state(now - (n - i) * every))
    return history


def spike(history: History, *, seconds: int = 240, every: timedelta = 20 * SECOND) -> State:
    """Partition 3 of the telemetry stands still: states that follow a history; the last of them."""
    began = history.states[-1].now
    for i in range(1, seconds // every.seconds + 1):
        now = began + i * every
        bad = stuck(3, since=i * every, lag=i * 2_601)
        parts = [bad if one.partition == bad.partition else one for one in state().partitions]
        found = problem(bad.sentence, since=began + every)
        history.append(state(now, partitions=tuple(parts), problems=(found,)))
    return history.states[-1]


_METRICS = ("http://127.0.0.1:9100/metrics", "http://127.0.0.1:9101/metrics")
_PLACES = (
    (Place.KAFKA, "kafka"),
    (Place.REGION, "eu"),
    (Place.REGION, "us"),
    *((Place.WORKER, url) for url in _METRICS),
)


def _group() -> Group:
    owned: Mapping[int, list[tuple[str, int]]] = {
        i: [(topic, n) for topic in STREAMED for n in range(6) if n % 2 == i] for i in (0, 1)
    }
    members = tuple(
        Member(f"{name}-4b1d", name, "/10.0.0.7", partitions=tuple(owned[i]))
        for i, name in enumerate(WORKERS)
    )
    return Group("fortnight", "Stable", members, 2, NOW - timedelta(hours=5), Verdict.OK)


def _worker(url: str, now: datetime) -> WorkerState:
    minutes = (now - NOW + DAY) // timedelta(minutes=1)
    return WorkerState(
        url,
        answers=True,
        partitions=9,
        records_read=24_000 * minutes,
        flushes=6 * minutes,
        flush_seconds=2.1 * minutes,
        flushed_rows=23_700 * minutes,
        flushed_bytes=410_000 * minutes,
        store_requests={"eu": 40 * minutes, "us": 20 * minutes},
        store_seconds={"eu": 0.9 * minutes, "us": 2.2 * minutes},
        store_errors={"eu": 0, "us": 0},
        resident_bytes=312_000_000,
        held_bytes=9_000_000,
    )
