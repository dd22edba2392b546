"""Workers that are killed and stopped, and started again, while a reader looks on."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pyarrow.fs
from support.evidence import proof
from support.evidence.reader import Follower, scan
from support.evidence.truth import Truth
from support.faults.janitor import AHEAD
from support.faults.rig import wall_clock
from support.faults.worker import Notes
from support.lean import LEAN
from support.system import System

from jobs.demo.object_store import CREDENTIALS
from jobs.demo.processes import Process
from jobs.expire import expire
from jobs.reconcile import reconcile
from jobs.sweep import clock_of, sweep
from schemas.tables import DEAD_LETTERS, STREAMED

TESTS = Path(__file__).parents[2]
PATIENCE = timedelta(seconds=180)
"""How long anything may take on a machine that is slow and busy."""


def until(condition: Callable[[], bool], what: str, within: timedelta = PATIENCE) -> None:
    """Return as soon as something is so; fail where it does not come to pass."""
    deadline = time.monotonic() + within.total_seconds()
    while not condition():
        assert time.monotonic() < deadline, f"not within {within.total_seconds():g} s: {what}"
        time.sleep(0.02)


@dataclass(slots=True)
class Victim:
    """A worker as a process, and what it says of its flushes."""

    process: Process
    notes: Path

    @property
    def is_flushing(self) -> bool:
        """Whether a flush is in flight."""
        return Notes.read(self.notes).in_flight > 0

    @property
    def steps(self) -> int:
        """How many steps of flushes it told."""
        return Notes.read(self.notes).steps

    @property
    def is_stopped(self) -> bool:
        """Whether it is suspended."""
        status: str = psutil.Process(self.process.pid).status()
        return self.process.is_running() and status == psutil.STATUS_STOPPED

    def kill(self) -> bool:
        """End it at once; whether that hit a flush."""
        self.process.kill()
        return self.is_flushing

    def stop(self) -> bool:
        """Suspend it; whether that hit a flush."""
        self.process.signal(signal.SIGSTOP)
        until(lambda: self.is_stopped, "a process is suspended")
        return self.is_flushing

    def resume(self) -> None:
        """Let it go on."""
        self.process.signal(signal.SIGCONT)


@dataclass(slots=True)
class Colony:
    """Workers of one group, and readers of their tables.

    Attributes:
        system: What they work on.
        followers: By topic (or DEAD_LETTERS) and region.
    """

    system: System
    truth: Truth
    followers: dict[tuple[str, str], Follower] = field(default_factory=dict)
    workers: list[Victim] = field(default_factory=list)
    _all: list[Process] = field(default_factory=list)
    _started: int = 0

    @classmethod
    def on(cls, system: System, truth: Truth | None = None) -> "Colony":
        """Nobody works yet; `truth` is that of the broker, where several share it."""
        mine = truth or Truth(system.settings.bootstrap_servers)
        return cls(system, mine, followers_of(system))

    def start_janitor(self) -> Process:
        """Start expiry and sweeping; ended with the rest."""
        command = [sys.executable, "-m", "support.faults.janitor", "30"]
        log = self.system.folder / "janitor.log"
        janitor = Process("janitor", command, log=log, env=self.environment())
        self._all.append(janitor)
        return janitor

    def start(self, **faults: str) -> Victim:
        """Start a worker.

        Args:
            faults: As `support.faults.worker` has them, without `FAULTY_`, and settings.
        """
        self._started += 1
        name = f"worker-{self._started}"
        notes = self.system.folder / f"{name}.notes"
        environment = {
            **self.environment(),
            **{
                name if name.isupper() else f"FAULTY_{name.upper()}": t
                for name, t in faults.items()
            },
            "FAULTY_NOTES": str(notes),
        }
        command = [sys.executable, "-m", "support.faults.worker"]
        log = self.system.folder / f"{name}.log"
        victim = Victim(Process(name, command, log=log, env=environment), notes)
        self.workers.append(victim)
        self._all.append(victim.process)
        return victim

    def replace(self, victim: Victim, **faults: str) -> Victim:
        """Start another one for one that is gone."""
        self.workers.remove(victim)
        return self.start(**faults)

    def environment(self) -> dict[str, str]:
        """Of the processes that work on the system."""
        given = dict(os.environ)  # noqa: TID251 - the edge
        path = os.pathsep.join([LEAN, str(TESTS), *filter(None, [given.get("PYTHONPATH")])])
        return {**given, **self.system.environment(), "PYTHONPATH": path}

    def poll(self) -> None:
        """Let the readers look."""
        for follower in self.followers.values():
            follower.poll()

    def is_complete(self, topics: Iterable[str] = tuple(STREAMED)) -> bool:
        """Whether every table says that it holds all that Kafka has now."""
        self.poll()
        ends = self.truth.ends(topics)
        return all(
            _reached(follower, application_id) >= end - 1
            for (topic, application_id), end in ends.items()
            for (table, _), follower in self.followers.items()
            if table in (topic, proof.DEAD_LETTERS)
        )

    def wait_until_complete(self) -> None:
        """Return when every record is durable, in all destinations."""

        def complete() -> bool:
            for victim in self.workers:
                victim.process.check()
            time.sleep(0.2)
            return self.is_complete()

        until(complete, "every record is durable")

    def check(self, logs: Iterable[proof.Log] | None = None) -> proof.Report:
        """Compare everything with the oracle; fails if anything is wrong.

        Args:
            logs: What was sent, where Kafka does not have all of it any more.
        """
        self.poll()
        for follower in self.followers.values():
            follower.look_for_missing()
            rows = {source: sorted(offsets) for source, offsets in follower.rows.items() if offsets}
            assert scan(f"s3://{follower.root}", _options(self.system)) == rows
        report = proof.compare(self.followers, logs or self.truth.logs(STREAMED))
        report.check()
        return report

    def prove(self) -> None:
        """Let the product's own proof look too: it has to agree with the oracle."""
        found = reconcile(list(self.system.lake().values()))
        assert not found.breaches, found.breaches[:20]

    def expire(self) -> int:
        """Drop what the janitor would, now that nobody is in the way; rows gone since ever."""
        for destination in self.system.lake().values():
            expire(destination, wall_clock() + AHEAD)
        self.poll()
        return sum(len(rows) for one in self.followers.values() for rows in one.gone.values())

    def sweep(self) -> int:
        """Remove every orphan, now that nobody works; how many, and none may be left."""
        destinations = self.system.lake().values()
        swept = [sweep(one, age=timedelta(0), now=clock_of(one.store)) for one in destinations]
        for follower in self.followers.values():
            left = follower.objects() - follower.live.keys()
            assert not left, f"{follower.name}: {len(left)} orphans were left"
        return sum(map(len, swept))

    @contextmanager
    def working(self) -> Iterator["Colony"]:
        """End every process on the way out."""
        try:
            yield self
        finally:
            for process in self._all:
                process.kill()

    def finish(self, logs: Iterable[proof.Log] | None = None) -> proof.Report:
        """Wait until everything is durable, end the workers in order, `check`."""
        self.wait_until_complete()
        self.stop()
        return self.check(logs)

    def stop(self) -> None:
        """Ask all to end, and see that they do so in order."""
        for victim in self.workers:
            victim.process.signal(signal.SIGTERM)
        for victim in self.workers:
            status = victim.process.wait(within=timedelta(seconds=60))
            said = victim.process.last_lines()
            has_not_begun = status == -signal.SIGTERM and not said  # it was importing still
            assert status == 0 or has_not_begun, f"{status}: {said}"
        self.workers.clear()


def _reached(follower: Follower, application_id: str) -> int:
    return follower.seen[-1].ends.get(application_id, -1) if follower.seen else -1


def _options(system: System) -> dict[str, str]:
    """What polars is told of the S3 server."""
    return {
        **{name.lower(): value for name, value in CREDENTIALS.items()},
        "aws_endpoint_url": system.settings.s3_endpoint,
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
    }


def followers_of(system: System) -> dict[tuple[str, str], Follower]:
    """Independent readers of a system's tables, as `proof.compare` wants them."""
    followers = {}
    for place in system.settings.regions:
        files = pyarrow.fs.S3FileSystem(
            access_key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            endpoint_override=urlsplit(system.settings.s3_endpoint).netloc,
            scheme="http",
            region=place.location,
        )
        tables: Mapping[str, str] = {topic: table.name for topic, table in STREAMED.items()}
        if place.region == system.settings.home_region:
            tables = {**tables, proof.DEAD_LETTERS: DEAD_LETTERS.name}
        for topic, name in tables.items():
            root = f"{place.bucket}/{name}"
            followers[topic, str(place.region)] = Follower(f"{name}@{place.region}", files, root)
    return followers


def pick(dice: random.Random, victims: list[Victim], n: int) -> list[Victim]:
    """Some of the workers that run and are not suspended."""
    alive = [one for one in victims if one.process.is_running() and not one.is_stopped]
    return dice.sample(alive, min(n, len(alive)))
