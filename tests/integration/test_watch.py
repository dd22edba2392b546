"""Watch beside a real Kafka, a real S3 and a worker: a stopped worker, and places that are away."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from confluent_kafka import Producer as KafkaSender
from support.faults.rig import wall_clock
from support.kafka_tools import ConsumerGroupCommand
from support.lossy import LossyWay, lossy_way
from support.sender import Sender
from support.system import EU, US, System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.demo.processes import Process, free_port
from jobs.kafka import Cluster, GroupDescription, Producer
from jobs.watch import State, Watch, Watched
from jobs.watch.console.pages import console
from jobs.watch.exposition import numbers
from jobs.watch.problems import Runbook
from jobs.watch.state import PartitionState
from jobs.watch.verdict import Verdict
from schemas.lineage import Partition, Position
from schemas.metrics import (
    DEAD_LETTERS_SEEN,
    KAFKA_LAG,
    KAFKA_LAG_SECONDS,
    PROBLEMS,
    REACHABLE,
)
from schemas.settings import PREFIX
from schemas.tables import STREAMED

pytestmark = pytest.mark.kafka
T = TypeVar("T")

TOPIC, DEVICE = "fleet.telemetry", "Serial-DE-1"
FLOOD = 100
PATIENCE = timedelta(seconds=2)
PARTITIONS = (0, 1)
IDLE, GLANCE = timedelta(minutes=10), timedelta(seconds=30)
SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Scene:
    """A system at work, and watch beside it."""

    system: System
    broker: Broker
    s3: S3Server
    worker: Process
    watch: Watch
    sender: Sender
    health: str
    way: LossyWay
    """On which watch, and nobody else, reaches the region `us`."""

    def until(self, reached: Callable[[State], bool]) -> State:
        """Look again and again until something is seen; the state in which it was."""
        deadline = time.monotonic() + 60
        while True:
            state = self.watch.look(wall_clock())
            if reached(state):
                return state
            assert time.monotonic() < deadline, (state.problems, state.partitions)
            time.sleep(0.2)

    def began(self, one: PartitionState) -> datetime:
        """When the first record that waits came, as the test knows."""
        assert (one.partition.topic, one.next_offset is None) == (TOPIC, False)
        return self.sender.came[one.partition.number, one.next_offset or 0]

    def answer(self, path: str) -> tuple[int, str]:
        """What the worker answers a supervisor."""
        try:
            with urllib.request.urlopen(self.health + path) as answer:  # noqa: S310 - this machine's
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with closing(refused):
                return refused.code, refused.read().decode()

    def until_it_answers(self, path: str, status: int, text: str) -> None:
        """Ask the worker again and again until it answers so."""
        deadline = time.monotonic() + 60
        while (answer := self.answer(path)) != (status, text):
            assert time.monotonic() < deadline, answer
            time.sleep(0.2)


def watched(system: System, way: LossyWay, *workers: str) -> Watched:
    settings = system.settings
    elsewhere = replace(system, settings=replace(settings, s3_endpoint=way.url)).lake()
    lake = {at: elsewhere[at] if at[1] == US else one for at, one in system.lake().items()}
    address, group = settings.bootstrap_servers, settings.group
    return Watched(address, lambda: Cluster(address), group, lake, workers, PATIENCE)


@pytest.fixture(scope="module")
def scene(module_broker: Broker, credentials: None) -> Iterator[Scene]:  # noqa: ARG001 - clients need them
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, S3Server(Path(folder, "s3")) as s3:
        system = System.prepare(
            Path(folder),
            module_broker,
            s3,
            partitions=len(PARTITIONS),
            flush_period=timedelta(seconds=0.5),
            session_timeout=timedelta(seconds=30),
        )
        consent = {"name": "telemetry", "granted": True, "since": 0}
        about = {"vendor": "smarock", "model": "S1", "country": "DE", "account": "an-account"}
        registration = {"device": DEVICE, **about, "bound_since": 0, "consents": [consent]}
        system.publish("fleet.devices", [(DEVICE, registration)])
        given = {"METRICS_PORT": str(port), "REJECTED_RATIO": "1"}  # a flood does not end it
        with (
            system.worker(**{PREFIX + name: value for name, value in given.items()}) as worker,
            lossy_way(s3.url) as way,
            closing(Watch(watched(system, way, f"{at}/metrics"))) as watch,
        ):
            sender = Sender(module_broker.address, TOPIC, DEVICE)
            made = Scene(system, module_broker, s3, worker, watch, sender, at, way)
            made.sender.send(10)
            made.until(is_well)
            yield made


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Suspend a process for a while."""
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


def shown(state: State) -> str:
    """What the console says of it."""
    return console([state], state.now)


def is_well(state: State) -> bool:
    """Everything that was sent is durable, and nothing is wrong."""
    return not state.problems and is_durable(state)


def is_durable(state: State) -> bool:
    """Everything that was sent is durable, and the group has committed it."""
    caught_up = all(one.lag == 0 and not one.group_lag for one in state.partitions)
    return caught_up and any(one.end for one in state.partitions)


def lagging(state: State) -> PartitionState:
    (one,) = [one for one in state.partitions if one.lag]
    return one


def offsets(state: State) -> dict[int, int]:
    """What the group has committed, by the topic's partition."""
    mine = (one for one in state.partitions if one.partition.topic == TOPIC)
    return {one.partition.number: one.group_offset or 0 for one in mine}


def has_moved(state: State, since: Mapping[int, int]) -> bool:
    """Whether the group has committed more of every partition of the topic."""
    return all(offset > since[number] for number, offset in offsets(state).items())


def at_once(watch: Watch, ask: Callable[[], T]) -> tuple[State, T]:
    """What watch sees, and what was told at the same moment: in between nothing moved."""

    def places(state: State) -> list[tuple[int, int | None, int | None]]:
        return [(one.end, one.group_offset, one.next_offset) for one in state.partitions]

    before = watch.look(wall_clock())
    while True:
        told = ask()
        after = watch.look(wall_clock())
        if places(before) == places(after):  # of what was under way, all has come
            return after, told
        before = after


def test_times_are_those_of_what_is_there(
    module_broker: Broker,
) -> None:
    with Cluster(module_broker.address) as cluster:
        cluster.create("times", 3, {"message.timestamp.type": "LogAppendTime"})
        topic = cluster.topics(["times"])["times"]
        plain, marked, beyond = (Partition("times", topic.id, number) for number in range(3))
        with Producer([module_broker.address], name="times") as producer:
            with producer.at_once():
                producer.send("times", None, b"", partition=marked.number)
            with producer.at_once():
                producer.send("times", None, b"", partition=plain.number)
        assert cluster.spans([topic])["times", marked.number] == (0, 2)  # a record, and a marker
        record = cluster.record(Position(plain, 0))
        assert record is not None
        times = cluster.first_times({plain: 0, marked: 1, beyond: 7})
        assert times.keys() == {plain, marked}
        assert times[plain] == record.ingest_time
        assert cluster.group("nobody's") == GroupDescription("Dead", ())


def test_after_ten_idle_minutes_a_record_has_its_own_time(module_broker: Broker) -> None:
    now = round(wall_clock().timestamp() * 1_000)
    times = [now - 600_000, now - 599_999, now]  # by the sender's clock: the broker's cannot move
    with Cluster(module_broker.address) as cluster:
        cluster.create("idle", 1, {"message.timestamp.type": "CreateTime"})
        partition = Partition("idle", cluster.topics(["idle"])["idle"].id, 0)
        sender = KafkaSender({"bootstrap.servers": module_broker.address})
        for time_ms in times:
            sender.produce("idle", b"", partition=0, timestamp=time_ms)
            assert sender.flush(30) == 0
        for offset, time_ms in enumerate(times):
            (came,) = cluster.first_times({partition: offset}).values()
            assert came == datetime.fromtimestamp(time_ms / 1_000, UTC)


def test_in_ten_idle_minutes_nobody_is_woken_and_then_a_record_waits_since_it_came(
    scene: Scene,
) -> None:
    scene.until(is_well)
    with closing(Watch(watched(scene.system, scene.way, f"{scene.health}/metrics"))) as watch:
        began = wall_clock() - IDLE  # by watch's clock, which then is everybody's again
        for glance in range(IDLE // GLANCE):
            idle = watch.look(began + glance * GLANCE)
            assert (idle.problems, {one.verdict for one in idle.partitions}) == ((), {Verdict.OK})
        with stopped(scene.worker):
            scene.sender.send(1)
            first = watch.look(wall_clock())
            last = replace(scene, watch=watch).until(lambda now: lagging(now).verdict > Verdict.OK)
    for state in (first, last):
        one = lagging(state)
        assert (one.lag, state.now - one.lag_time) == (1, scene.began(one))
        assert one.verdict is (Verdict.OK if one.lag_time <= PATIENCE else Verdict.STOP)
    scene.until(is_well)


def test_a_stopped_worker_shows_with_the_lag_that_was_planted_and_continuing_clears_it(
    scene: Scene,
) -> None:
    scene.until(is_well)
    with stopped(scene.worker):
        scene.sender.send(25)
        state = scene.until(lambda state: lagging(state).verdict is Verdict.STOP)
    told = numbers(state)
    one = lagging(state)
    assert (one.lag, one.group_lag, one.slowest[:9]) == (25, 25, "telemetry")
    assert state.now - one.lag_time == scene.began(one)
    assert max(told[KAFKA_LAG_SECONDS].values()) == one.lag_time.total_seconds()
    assert one.time_to_loss == scene.system.settings.topic_retention - one.lag_time
    assert one.owner in one.sentence
    assert "25 records wait" in one.sentence
    (problem,) = [p for p in state.problems if p.runbook is Runbook.PARTITION_STUCK]
    assert problem.place == str(one.partition)
    cleared = scene.until(is_well)
    assert max(one.lag_time for one in cleared.partitions) == timedelta(0)


def test_stores_that_are_away_are_named_while_the_worker_is_alive_and_not_ready(
    scene: Scene,
) -> None:
    scene.until(is_well)
    scene.until_it_answers("/readyz", 200, "ok\n")
    with stopped(scene.s3.process):
        state = scene.watch.look(wall_clock())
        scene.until_it_answers("/readyz", 503, "no answer from the store of eu, us\n")
        assert scene.answer("/livez") == (200, "ok\n")
    assert [(one.runbook, one.place) for one in state.problems[:2]] == [
        (Runbook.REGION_AWAY, "eu"),
        (Runbook.REGION_AWAY, "us"),
    ]
    assert {table.answers for table in state.tables} == {False}
    scene.until(is_well)
    scene.until_it_answers("/readyz", 200, "ok\n")


def test_a_region_that_is_away_is_named_and_the_other_is_not(scene: Scene) -> None:
    scene.until(is_well)
    scene.way.refuses = True
    state = scene.until(lambda state: bool(state.problems))
    scene.way.refuses = False
    assert [(one.runbook, one.place) for one in state.problems] == [(Runbook.REGION_AWAY, US)]
    assert "region us does not answer" in state.problems[0].sentence
    assert "Region us does not answer" in shown(state)
    told = numbers(state)
    assert (told[REACHABLE]["region", EU], told[REACHABLE]["region", US]) == (1, 0)
    assert told[PROBLEMS] == {(page,): page is Runbook.REGION_AWAY for page in Runbook}
    scene.until(is_well)


def test_a_kafka_that_is_restarted_is_away_meanwhile_and_nothing_old_is_said_of_it(
    scene: Scene,
) -> None:
    scene.until(is_well)
    scene.broker.stop()
    state = scene.watch.look(wall_clock())
    assert [one.runbook for one in state.problems] == [Runbook.KAFKA_AWAY]
    assert (state.group, state.partitions) == (None, ())
    assert all(table.answers for table in state.tables)
    address = scene.system.settings.bootstrap_servers
    assert f"Kafka at {address} does not answer" in shown(state)
    told = numbers(state)
    assert told[REACHABLE]["kafka", "kafka"] == 0
    assert told[PROBLEMS] == {(page,): page is Runbook.KAFKA_AWAY for page in Runbook}
    scene.broker.start()
    scene.until(is_well)
    scene.sender.send(1)
    scene.until(is_well)


def test_a_flood_of_poison_is_told_with_its_reason_until_it_is_drowned_in_what_is_good(
    scene: Scene,
) -> None:
    before = scene.until(is_well)
    scene.system.publish(TOPIC, [(DEVICE, b"{")] * FLOOD)
    state = scene.until(lambda state: bool(state.problems) and is_durable(state))
    (problem,) = state.problems
    (rejected,) = (one for one in state.rejected if one.records)
    assert (problem.runbook, problem.place) == (Runbook.DEAD_LETTERS, TOPIC)
    assert problem.sentence.endswith(f"of {TOPIC}'s last records are rejected: {rejected.reason}")
    assert rejected.records == FLOOD
    assert numbers(state)[DEAD_LETTERS_SEEN] == {(TOPIC, rejected.reason): FLOOD}
    assert numbers(before)[DEAD_LETTERS_SEEN] == {}
    assert rejected.reason in shown(state)
    scene.sender.send(4 * FLOOD)  # the share of the last minute falls at once
    scene.until(is_well)


def test_lags_are_what_kafkas_own_command_and_the_records_say_at_20_moments_of_a_load(
    scene: Scene, cache: Path
) -> None:
    command = ConsumerGroupCommand(scene.broker.address, cache)
    ask = partial(command.lags, scene.system.settings.group)
    committed = offsets(scene.until(is_well))
    with (
        closing(Watch(watched(scene.system, scene.way))) as watch,  # it waits for no worker
        scene.sender.sending(2, PARTITIONS),
    ):
        here = replace(scene, watch=watch)
        for _ in range(SAMPLES):
            here.until(partial(has_moved, since=committed))
            # The moment stands still: nothing can come, and nothing can become durable.
            with stopped(scene.worker), scene.sender.held():
                scene.sender.send(1, PARTITIONS)
                state, kafkas = at_once(watch, ask)
            told = numbers(state)[KAFKA_LAG]
            assert {(key[2], int(key[3])): lag for key, lag in told.items()} == kafkas
            waiting = [one for one in state.partitions if one.lag]
            assert len(waiting) == len(PARTITIONS)
            for one in waiting:
                assert state.now - one.lag_time == scene.began(one)
                assert one.group_lag
            committed = offsets(state)
    scene.until(is_well)


def test_the_command_tells_a_terminal_what_watch_knows(scene: Scene) -> None:
    scene.until(is_well)
    command = [sys.executable, "-c", "from jobs.cli import main; main()", "watch", "--once"]
    environment = {**os.environ, **scene.system.environment()}  # noqa: TID251 - the edge
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    heads, *lines = told.stdout.splitlines()
    assert heads.split() == ["partition", "verdict", "end", "durable", "lag", "seconds", "owner"]
    assert [line.split()[1:2] for line in lines] == [["OK"]] * 2 * len(STREAMED)


def test_a_worker_tells_what_its_flushes_and_its_stores_cost(scene: Scene) -> None:
    (worker,) = scene.until(is_well).workers
    assert worker.flushed_rows >= 10
    assert worker.flushed_bytes > 0
    assert worker.store_requests["eu"] > 0
    assert worker.store_seconds["eu"] > 0
    assert worker.resident_bytes > 10**6
