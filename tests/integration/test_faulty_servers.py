"""S3 that refuses, is unavailable, loses answers or freezes; Kafka that is killed and restarted."""

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.evidence.fleet import Fleet
from support.faults.colony import PATIENCE, Colony, until
from support.faults.rig import wall_clock
from support.lossy import lossy_way
from support.system import System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.regions import Region
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

STATIC = {"FORTNIGHT_INSTANCE": "the only one"}
"""A member that comes back under its name need not wait until its session is over."""

ColonyOn = Callable[[S3Server], Colony]


def _fleet(colony: Colony, seed: int) -> Fleet:
    fleet = Fleet(microseconds(wall_clock()), seed=seed)
    colony.truth.register(fleet.registrations())
    return fleet


def _wait_for_a_flush(colony: Colony) -> None:
    """Return when a worker is in the middle of a flush, or a quick one is over already."""
    steps = [worker.steps for worker in colony.workers]

    def flushed() -> bool:
        return any(
            worker.is_flushing or worker.steps > before
            for worker, before in zip(colony.workers, steps, strict=True)
        )

    until(flushed, "somebody flushes")


def test_an_s3_that_refuses_or_is_unavailable_delays_and_loses_nothing(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 101)
    with lossy_way(s3.url) as way:
        worker = colony.start(FORTNIGHT_S3_ENDPOINT=way.url)
        for turn in range(4):
            colony.truth.publish(fleet.mix(500, start=turn * 500))
            _wait_for_a_flush(colony)
            way.refuses, way.unavailable = turn % 2 == 0, turn % 2 == 1
            time.sleep(1.5)
            way.refuses = way.unavailable = False
        worker.process.check()
        colony.finish()


def test_an_answer_that_is_lost_after_the_put_changes_nothing(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 102)
    with lossy_way(s3.url) as way:
        colony.start(FORTNIGHT_S3_ENDPOINT=way.url)
        colony.truth.publish(fleet.mix(100))
        colony.wait_until_complete()
        for turn, part in enumerate([".parquet", "_delta_log/0"] * 3):
            before = way.lost
            way.lose(3, part_of_key=part, say_503=turn % 3 == 0)
            colony.truth.publish(fleet.mix(500, start=1_000 + turn * 500))
            until(lambda lost=before: way.lost > lost, "an answer is lost")  # type: ignore[misc]
        colony.finish()


def test_an_s3_that_freezes_while_a_worker_writes_and_is_killed_keeps_each_row_once(
    colony_on: ColonyOn,
    credentials: None,  # noqa: ARG001 - clients need them
    tmp_path: Path,
) -> None:
    dice = random.Random(3)  # noqa: S311 - chaos that can be repeated
    with S3Server(tmp_path / "s3") as server:
        colony = colony_on(server)
        fleet = _fleet(colony, 103)
        victim = colony.start(**STATIC)
        for turn in range(3):
            colony.truth.publish(fleet.mix(2_000, start=turn * 2_000))
            _wait_for_a_flush(colony)
            time.sleep(dice.random() * 0.1)
            server.process.signal(signal.SIGSTOP)
            time.sleep(1 + dice.random())
            victim.kill()
            victim = colony.replace(victim, **STATIC)
            time.sleep(1.5)
            server.process.signal(signal.SIGCONT)
        colony.finish()


def test_a_store_that_says_no_ends_the_worker_with_the_status_for_an_operator(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 105)
    worker = colony.start()
    colony.truth.publish(fleet.mix(200))
    colony.wait_until_complete()
    store = colony.system.lake()["telemetry", Region("eu")].store
    store.delete([info.key for info in store.list()])
    colony.truth.publish(fleet.mix(200, start=200))
    assert worker.process.wait(within=PATIENCE) == 70
    assert "cannot go on" in worker.process.last_lines(200)


def test_a_broker_that_is_killed_and_restarted_costs_time_only(
    own_broker: Broker, s3: S3Server, tmp_path: Path
) -> None:
    system = System.prepare(tmp_path, own_broker, s3, partitions=2)
    with Colony.on(system).working() as colony:
        fleet = _fleet(colony, 104)
        quick = {"FORTNIGHT_FLUSH_PERIOD": "0.3", "FORTNIGHT_SESSION_TIMEOUT": "3"}
        worker = colony.start(**quick)
        colony.truth.publish(fleet.mix(1_000))
        _wait_for_a_flush(colony)
        own_broker.process.kill()
        own_broker.start()
        colony.truth.publish(fleet.mix(1_000, start=1_000))
        worker.process.check()
        colony.finish()
