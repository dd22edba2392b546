"""200,000 records of all tables, and workers that are killed and stopped in the middle of it."""

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from support.evidence.fleet import Fleet
from support.evidence.oracle import Sent
from support.faults.colony import Colony, Victim, pick
from support.faults.rig import wall_clock
from support.system import System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

SESSION = timedelta(seconds=3)
QUICK = {"flush_period": timedelta(seconds=0.3), "session_timeout": SESSION}
RECORDS, KILLS, STOPS = 200_000, 20, 10
WORKERS = 3
PORTION, MORSEL = 5_000, 500
"""Records that are published before each hit, or when nobody flushed for a while; and for one."""

HUNGRY = timedelta(seconds=5)
GLANCE = timedelta(seconds=0.3)
"""From look to look of the readers: sooner than most of what expires at once is gone."""

LONGEST = timedelta(minutes=15)


@pytest.fixture
def colony(own_broker: Broker, s3: S3Server, tmp_path: Path) -> Iterator[Colony]:
    system = System.prepare(tmp_path, own_broker, s3, partitions=4, **QUICK)
    with Colony.on(system).working() as colony:
        yield colony


@dataclass(slots=True)
class Chaos:
    """Kills and stops workers, each when it is in a flush.

    Attributes:
        fed: How many records were published.
        kills: How many kills hit a flush.
        stops: How many stops did.
    """

    colony: Colony
    records: Iterator[Sent]
    dice: random.Random
    fed: int = 0
    kills: int = 0
    stops: int = 0
    _stopped: list[tuple[Victim, float]] = field(default_factory=list)
    _looked: float = 0.0

    @property
    def is_enough(self) -> bool:
        """Whether as many were hit as have to be."""
        return self.kills >= KILLS and self.stops >= STOPS

    def feed(self, n: int) -> None:
        """Publish some more."""
        self.colony.truth.publish(islice(self.records, n))
        self.fed += n

    def hit(self) -> bool:
        """Kill or stop one that is in a flush; whether there was one."""
        self.look()
        self.resume(beyond=SESSION + timedelta(seconds=1))
        flushing = [one for one in pick(self.dice, self.colony.workers, 99) if one.is_flushing]
        if not flushing:
            return False
        time.sleep(self.dice.random() * 0.05)
        if 2 * self.stops <= self.kills and self.stops < STOPS:
            self.stops += flushing[0].stop()
            self._stopped.append((flushing[0], time.monotonic()))
        else:
            self.kills += flushing[0].kill()
            self.colony.replace(flushing[0])
        return True

    def look(self) -> None:
        """Let the readers look, unless they just did: each of their looks costs the server."""
        if time.monotonic() - self._looked > GLANCE.total_seconds():
            self.colony.poll()
            self._looked = time.monotonic()

    def resume(self, *, beyond: timedelta = timedelta(0)) -> None:
        """Let those go on that were stopped for so long."""
        for one in list(self._stopped):
            victim, since = one
            if time.monotonic() - since >= beyond.total_seconds():
                victim.resume()
                self._stopped.remove(one)


def test_kills_and_stops_at_random_lose_nothing_and_double_nothing(colony: Colony) -> None:
    fleet = Fleet(microseconds(wall_clock()), robots=500)
    colony.truth.register(fleet.registrations())
    for _ in range(WORKERS):
        colony.start()
    janitor = colony.start_janitor()
    chaos = Chaos(colony, fleet.mix(sys.maxsize), random.Random(7))  # noqa: S311 - chaos that can be repeated
    deadline = time.monotonic() + LONGEST.total_seconds()
    while not chaos.is_enough:
        assert time.monotonic() < deadline, f"{chaos.kills} kills and {chaos.stops} stops hit"
        chaos.feed(PORTION)
        hungry = time.monotonic() + HUNGRY.total_seconds()
        while not chaos.hit() and time.monotonic() < hungry:
            time.sleep(0.005)
    chaos.resume()
    janitor.check()
    janitor.kill()
    doomed = colony.start(step="put/eu")  # files that nobody commits, and no janitor
    while doomed.process.is_running():
        assert time.monotonic() < deadline, "nothing was put by the worker that dies of it"
        chaos.feed(MORSEL)
        time.sleep(0.3)
    colony.workers.remove(doomed)
    chaos.feed(max(0, RECORDS - chaos.fed))
    colony.wait_until_complete()
    colony.stop()
    assert colony.expire() > 0
    assert colony.sweep() > 0, "a worker died between its files and their commit"
    report = colony.check()
    assert report.rows > 150_000
