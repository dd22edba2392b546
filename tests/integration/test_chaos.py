"""200,000 records of all tables, and workers that are killed and stopped in the middle of it.

Meanwhile devices move, consents are taken back, officers mark devices.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest
from support.evidence.changes import some_change
from support.evidence.fleet import Fleet
from support.evidence.subjects import Subjects, names_of
from support.faults.colony import HOLD, Colony, Victim, pick, until
from support.faults.officer import Officer, hire
from support.faults.rig import wall_clock
from support.system import System

from jobs import certs
from jobs.demo.broker import Broker
from jobs.demo.broker_security import ADMINISTRATOR, reached_as
from jobs.demo.object_store import S3Server
from jobs.kafka import Cluster
from jobs.roles import lists
from jobs.roles.declared import roles
from schemas.retention import microseconds
from schemas.settings import Settings

pytestmark = pytest.mark.kafka

SESSION = timedelta(seconds=3)
QUICK = {"flush_period": timedelta(seconds=0.7), "session_timeout": SESSION}
RECORDS, KILLS, STOPS = 200_000, 20, 10
WORKERS = 3
PORTION, MORSEL = 5_000, 500
"""Records that are published before each hit, or when nobody flushed for a while; and for one."""

HUNGRY = timedelta(seconds=5)
GLANCE = timedelta(seconds=0.3)
"""From look to look of the readers: sooner than most of what expires at once is gone."""

LONGEST = timedelta(minutes=15)
EU = ("--region", "eu")


@pytest.fixture
def colony(cache: Path, credentials: None, tmp_path: Path) -> Iterator[Colony]:  # noqa: ARG001 - clients need them
    """As in production: each role has a certificate, and no more than its rights."""
    declared, certificates = roles(Settings()), tmp_path / "certs"
    certs.make(certificates, [ADMINISTRATOR, *(one.name for one in declared)], now=wall_clock())
    with (
        Broker(tmp_path / "kafka", cache=cache, certificates=certificates) as kafka,
        S3Server(tmp_path, certificates=certificates) as s3,
        trusting(certificates / certs.AUTHORITY),
        Cluster(kafka.address, tls=reached_as(ADMINISTRATOR, certificates)) as cluster,
    ):
        lists.carry_out(lists.compare(lists.plan(declared), cluster.permissions()), cluster)
        system = System.prepare(tmp_path, kafka, s3, certificates, partitions=4, **QUICK)
        with Colony.on(system.put_aside()).working() as colony:
            yield colony


@contextmanager
def trusting(authority: Path) -> Iterator[None]:
    """Let whatever speaks to S3 trust an authority: boto3, Delta's library and polars."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, str(authority))
        yield


@dataclass(slots=True)
class Chaos:
    """Kills and stops workers, each when it is in a flush.

    Attributes:
        fleet: Of which every third device is told of anew again and again.
        deadline: When it takes too long, on the monotonic clock.
        fed: How many records were published.
        kills: How many kills hit a flush.
        stops: How many stops did.
    """

    colony: Colony
    fleet: Fleet
    dice: random.Random
    deadline: float
    fed: int = 0
    turns: int = 0
    kills: int = 0
    stops: int = 0
    _stopped: list[tuple[Victim, float]] = field(default_factory=list)
    _looked: float = 0.0

    def rage(self, share: float = 1.0) -> None:
        """Feed and hit, until this share of all kills and stops hit a flush."""
        kills, stops = KILLS * share, STOPS * share
        while self.kills < kills or self.stops < stops:
            assert time.monotonic() < self.deadline, f"{self.kills} kills, {self.stops} stops hit"
            self.feed(PORTION)
            hungry = time.monotonic() + HUNGRY.total_seconds()
            while not self.hit() and time.monotonic() < hungry:
                time.sleep(0.005)

    def feed(self, n: int) -> None:
        """Publish some more; before, something is told of some devices."""
        fickle = self.fleet.registrations()[1::3]
        self.colony.truth.register(some_change(fickle, self.turns, self.fleet.now))
        self.colony.truth.publish(self.fleet.mix(n, start=self.fed))
        self.turns += 1
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


@dataclass(slots=True)
class Desk:
    """What officers are told to do with some devices of the EU, and in which order.

    Attributes:
        alice: AWS's variables of whoever gives the commands.
        bob: Those of the second person.
        officer: The process that carries them out.
    """

    colony: Colony
    subjects: Subjects
    alice: Mapping[str, str]
    bob: Mapping[str, str]
    officer: Officer

    @classmethod
    def opened(cls, colony: Colony, subjects: Subjects) -> Self:
        """Place the hold: from then on no row of those that it is on goes without a copy."""
        url = colony.system.settings.s3_endpoint
        alice, bob = hire(url), hire(url)
        desk = cls(colony, subjects, alice, bob, colony.start_officer(alice))
        desk.officer.order("requests", "open", "R-1", "--right", "order", *EU)
        review = f"{wall_clock() + timedelta(days=90):%Y-%m-%d}"
        ends = ("--ground", "dispute", "--review", review)
        place = ("hold", "place", HOLD, *desk.about(subjects.held), *ends)
        said = desk.until_done(*place)
        digest = said.split("fortnight approve ")[1][:12]
        desk.officer.order("approve", digest, *EU, by=desk.bob)
        assert "entry" in desk.until_done(*place)
        return desk

    def begin(self) -> None:
        """Have rows erased and put aside, as far as that goes while workers bring new ones."""
        self.erase(self.subjects.first, once=True)
        self._restrict(self.subjects.restricted, once=True)
        self._restrict(self.subjects.lifted, once=True)

    def go_on(self) -> None:
        """Have some brought back, and the others looked for again."""
        self.officer.order("subject", "restrict", "--lift", *self.about(self.subjects.lifted))
        self.erase(self.subjects.first, once=True)

    def finish(self) -> None:
        """See that nothing is left to do, and that no held row is missing or changed."""
        self.erase(self.subjects.first + self.subjects.last)
        self._restrict(self.subjects.restricted)
        until(lambda: self.officer.is_done, "officers did what they were told")
        assert "are kept" in self.until_done("hold", "check", HOLD, *EU)

    def erase(self, devices: tuple[str, ...], *, once: bool = False) -> None:
        """Have rows erased; with `once` as far as that goes now."""
        self.officer.order("subject", "erase", *self.about(devices), once=once)

    def _restrict(self, devices: tuple[str, ...], *, once: bool = False) -> None:
        self.officer.order("subject", "restrict", *self.about(devices), once=once)

    def replace_officer(self) -> None:
        """End the process, wherever it is; the next one goes on."""
        self.officer.process.kill()
        self.officer = self.colony.start_officer(self.alice)

    def about(self, devices: tuple[str, ...]) -> tuple[str, ...]:
        """Whom a command is about, where, and for which request."""
        return ("--from", names_of(devices, self.officer.folder), "--request", "R-1", *EU)

    def until_done(self, *command: str) -> str:
        """What a command says once it is done."""
        number = self.officer.order(*command)
        until(lambda: self.officer.answer(number) is not None, " ".join(command[:2]))
        return self.officer.answer(number) or ""


def test_kills_and_stops_at_random_lose_nothing_and_double_nothing(colony: Colony) -> None:
    fleet = Fleet(microseconds(wall_clock()), robots=500)
    colony.truth.register(fleet.registrations())
    for _ in range(WORKERS):
        colony.start()
    subjects = Subjects.of(fleet.registrations()[::3], fleet.now)
    desk = Desk.opened(colony, subjects)
    deadline = time.monotonic() + LONGEST.total_seconds()
    chaos = Chaos(colony, fleet, random.Random(7), deadline)  # noqa: S311 - chaos that can be repeated
    rage_beside(desk, chaos)
    while not colony.orphans_of(subjects.last):
        assert time.monotonic() < deadline, "no worker left rows of the last that are erased"
        leave_orphans(chaos)
    desk.erase(subjects.last, once=True)
    chaos.feed(max(0, RECORDS - chaos.fed))
    colony.wait_until_complete()
    colony.stop()
    assert colony.expire() > 0
    desk.finish()
    assert not colony.orphans_of(subjects.first + subjects.last)
    colony.sweep()
    report = colony.check(rulings=subjects.rulings)
    assert report.rows > 130_000


def rage_beside(desk: Desk, chaos: Chaos) -> None:
    """Kill and stop workers while a janitor and officers change what is stored."""
    janitor = chaos.colony.start_janitor()
    chaos.rage(0.2)
    desk.begin()
    chaos.rage(0.6)
    desk.replace_officer()
    desk.go_on()
    chaos.rage()
    chaos.resume()
    janitor.check()
    janitor.kill()


def leave_orphans(chaos: Chaos) -> None:
    """Let a worker die between its files and their commit."""
    doomed = chaos.colony.start(step="put/eu")
    until(lambda: _is_dead(doomed, chaos), "a worker puts files")
    chaos.colony.workers.remove(doomed)


def _is_dead(doomed: Victim, chaos: Chaos) -> bool:
    if doomed.process.is_running():
        chaos.feed(MORSEL)
        time.sleep(0.3)
    return not doomed.process.is_running()
