"""A crash, and a stop, of a real worker between every two steps of a flush."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from support.evidence.fleet import Fleet
from support.faults.colony import PATIENCE, Colony, Victim
from support.faults.rig import wall_clock
from support.faults.steps import STEPS
from support.system import System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

SESSION = timedelta(seconds=3)
QUICK = {"flush_period": timedelta(seconds=0.3), "session_timeout": SESSION}
WORKERS = 3


@pytest.fixture
def colony(own_broker: Broker, s3: S3Server, tmp_path: Path) -> Iterator[Colony]:
    system = System.prepare(tmp_path, own_broker, s3, partitions=3, **QUICK)
    with Colony.on(system).working() as colony:
        yield colony


@dataclass(slots=True)
class Gauntlet:
    """Workers that each have one fault before them; who has met it is replaced by the next.

    Attributes:
        faults: Those that nobody has yet: step and signal.
        met: Those that happened.
    """

    colony: Colony
    faults: Iterator[tuple[str, str]]
    met: list[tuple[str, str]] = field(default_factory=list)
    _runners: dict[int, tuple[Victim, tuple[str, str]]] = field(default_factory=dict)
    _stopped: dict[int, tuple[float, int]] = field(default_factory=dict)

    def run(self, fleet: Fleet) -> None:
        """Publish until every fault has been met."""
        number, deadline = 0, time.monotonic() + 5 * PATIENCE.total_seconds()
        for _ in range(WORKERS):
            self._start()
        while self._runners:
            assert time.monotonic() < deadline, f"only {self.met} were met"
            self.colony.truth.publish(fleet.mix(150, start=number))
            number += 150
            for pid in list(self._runners):
                self._look(pid)
            time.sleep(0.1)

    def _start(self) -> None:
        fault = next(self.faults, None)
        if fault is not None:
            victim = self.colony.start(step=fault[0], signal=fault[1])
            self._runners[victim.process.pid] = victim, fault

    def _look(self, pid: int) -> None:
        victim, _ = self._runners[pid]
        if victim.process.status == -9:
            self._replace(pid)
        elif not victim.process.is_running():
            victim.process.check()
        elif pid in self._stopped:
            self._look_at_stopped(pid, victim)
        elif victim.is_stopped:
            self._stopped[pid] = time.monotonic(), victim.steps

    def _look_at_stopped(self, pid: int, victim: Victim) -> None:
        """Beyond its session it goes on; when the flush has gone on too, it has done its duty."""
        since, steps = self._stopped[pid]
        if victim.is_stopped and time.monotonic() - since > SESSION.total_seconds() + 1:
            victim.resume()
        elif victim.steps > steps or time.monotonic() - since > SESSION.total_seconds() + 10:
            victim.process.kill()
            self._replace(pid)

    def _replace(self, pid: int) -> None:
        victim, fault = self._runners.pop(pid)
        self.colony.workers.remove(victim)
        self.met.append(fault)
        self._start()


def test_a_crash_and_a_stop_at_every_step_lose_nothing_and_double_nothing(colony: Colony) -> None:
    fleet = Fleet(microseconds(wall_clock()), good=0.8)
    colony.truth.register(fleet.registrations())
    faults = list(itertools.product(STEPS, ["SIGSTOP", "SIGKILL"]))
    gauntlet = Gauntlet(colony, iter(faults))
    gauntlet.run(fleet)
    assert sorted(gauntlet.met) == sorted(faults)
    colony.start()
    colony.wait_until_complete()
    colony.stop()
    colony.check()
    colony.prove()
