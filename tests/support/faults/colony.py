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

import psutil
from support.evidence import apart, proof
from support.evidence.oracle import Rulings
from support.evidence.reader import Follower, scan
from support.evidence.truth import Truth
from support.faults.janitor import Round
from support.faults.officer import Officer
from support.faults.outside import delta_options, files_in, followers_of, kafka_options
from support.faults.worker import Notes
from support.faults.worker import main as work
from support.forked import Forked
from support.lean import LEAN
from support.system import EU, System

from jobs import keys
from jobs.demo.processes import Process
from jobs.reconcile import reconcile
from jobs.subjects.subject import names
from jobs.sweep import clock_of, sweep
from schemas.errors import RetryableError
from schemas.tables import STREAMED
from storage.wrapping import wrapping_of

TESTS = Path(__file__).parents[2]
HOLD = "H-1"
"""The one that officers of a colony place."""

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
        mine = truth or Truth(system.settings.bootstrap_servers, kafka_options(system.settings))
        return cls(system, mine, followers_of(system))

    def start_janitor(self) -> Process:
        """Start expiry and sweeping; ended with the rest."""
        return self._start_other("janitor", "30", self.environment("upkeep"))

    def start_officer(self, by: Mapping[str, str]) -> Officer:
        """Start an officer, who goes on where one before was killed; ended with the rest.

        Args:
            by: AWS's variables of a person.
        """
        desk = self.system.folder / "desk"
        desk.mkdir(exist_ok=True)
        environment = {**self.environment("officer"), **by}
        return Officer(self._start_other("officer", str(desk), environment), desk)

    def _start_other(self, name: str, argument: str, environment: Mapping[str, str]) -> Process:
        command = [sys.executable, "-m", f"support.faults.{name}", argument]
        log = self.system.folder / f"{name}.log"
        process = Process(name, command, log=log, env=environment)
        self._all.append(process)
        return process

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
        log = self.system.folder / f"{name}.log"
        victim = Victim(Forked(name, work, log=log, env=environment), notes)
        self.workers.append(victim)
        self._all.append(victim.process)
        return victim

    def replace(self, victim: Victim, **faults: str) -> Victim:
        """Start another one for one that is gone."""
        self.workers.remove(victim)
        return self.start(**faults)

    def environment(self, role: str = "worker") -> dict[str, str]:
        """Of the processes that work on the system; `role` has the certificate."""
        given = dict(os.environ)  # noqa: TID251 - the edge
        path = os.pathsep.join([LEAN, str(TESTS), *filter(None, [given.get("PYTHONPATH")])])
        return {**given, **self.system.environment(role), "PYTHONPATH": path}

    def poll(self) -> None:
        """Let the readers look."""
        for follower in self.followers.values():
            follower.poll()

    def is_complete(self, topics: Iterable[str] = tuple(STREAMED)) -> bool:
        """Whether every table says that it holds all that Kafka has now."""
        return self._has_reached(self.truth.ends(topics))

    def wait_until_complete(self) -> None:
        """Return when every record that was sent is durable, in all destinations."""
        ends = self.truth.ends(STREAMED)

        def complete() -> bool:
            for victim in self.workers:
                victim.process.check()
            time.sleep(0.2)
            return self._has_reached(ends)

        until(complete, "every record is durable")

    def _has_reached(self, ends: Mapping[tuple[str, str], int]) -> bool:
        self.poll()
        return all(
            _reached(follower, application_id) >= end - 1
            for (topic, application_id), end in ends.items()
            for (table, _), follower in self.followers.items()
            if table in (topic, proof.DEAD_LETTERS)
        )

    def check(
        self, logs: Iterable[proof.Log] | None = None, rulings: Rulings | None = None
    ) -> proof.Report:
        """Compare everything with the oracle; fails if anything is wrong.

        Args:
            logs: What was sent, where Kafka does not have all of it any more.
            rulings: What officers have done; None where none were at work.
        """
        self.poll()
        for follower in self.followers.values():
            follower.look_for_missing()
            rows = {source: sorted(offsets) for source, offsets in follower.rows.items() if offsets}
            assert scan(f"s3://{follower.root}", delta_options(self.system)) == rows
        logs = list(logs or self.truth.logs(STREAMED, rulings=rulings))
        report = proof.compare(self.followers, logs)
        if rulings:
            apart.compare_apart(report, self.followers, logs, self._apart())
        report.check()
        return report

    def _apart(self) -> apart.Apart:
        """What lies in the buckets for restricted and held rows."""
        settings, of_table = self.system.settings, {t.name: topic for topic, t in STREAMED.items()}
        (restricted,), (holds,) = settings.restricted, settings.holds
        aside = {
            topic: scan(f"s3://{restricted.bucket}/{name}", delta_options(self.system))
            for name, topic in of_table.items()
        }
        copies = apart.copies(files_in(holds, self.system), f"{holds.bucket}/{HOLD}")
        held = {of_table[name]: offsets for name, offsets in copies.items()}
        return apart.Apart(holds.region, aside, held)

    def orphans_of(self, devices: Iterable[str]) -> list[str]:
        """Files of the EU with rows of devices that no table names."""
        settings = self.system.settings
        wrapping = wrapping_of(settings, self.system.environment())
        keyring = keys.read(Path(settings.keyring), wrapping, [EU])
        wanted = names(devices, keyring, EU)
        return [
            f"{follower.name}/{path}"
            for (_, region), follower in self.followers.items()
            if region == EU
            for path in sorted(follower.objects() - follower.live.keys())
            if follower.has(path, wanted)
        ]

    def prove(self) -> None:
        """Let the product's own proof look too: it has to agree with the oracle."""
        found = reconcile(list(self.system.lake().values()))
        assert not found.breaches, found.breaches[:20]

    def expire(self) -> int:
        """Drop what the janitor would, now that nobody is in the way; rows gone since ever."""
        settings, environment = self.system.settings, self.system.environment()
        cleaning = Round.of(settings, environment, timedelta(0))
        until(cleaning.has_expired, "what is due is dropped")
        self.poll()
        return sum(len(rows) for one in self.followers.values() for rows in one.gone.values())

    def sweep(self) -> None:
        """Remove every orphan, now that nobody works; none may be left."""
        until(self._has_swept, "orphans are removed")
        self.poll()
        for follower in self.followers.values():
            left = follower.objects() - follower.live.keys()
            assert not left, f"{follower.name}: {len(left)} orphans were left"

    def _has_swept(self) -> bool:
        try:
            for one in self.system.lake().values():
                sweep(one, age=timedelta(0), now=clock_of(one.store))
        except RetryableError:
            return False
        return True

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


def pick(dice: random.Random, victims: list[Victim], n: int) -> list[Victim]:
    """Some of the workers that run and are not suspended."""
    alive = [one for one in victims if one.process.is_running() and not one.is_stopped]
    return dice.sample(alive, min(n, len(alive)))
