"""The demo: the whole system for a minute, then in order to its end.

Kafka and S3 -> topics, buckets, keyring -> worker -> fleet -> (a minute) -> the fleet falls silent,
the worker drains until nothing lags -> what became of every record, and where to look at it.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs import keys, office, storage_admin, topics
from jobs.demo import guard
from jobs.demo.keepsake import keep
from jobs.demo.processes import PartError
from jobs.demo.progress import Progress, Watch
from jobs.demo.screen import Screen
from jobs.demo.system import Home, System
from jobs.demo.vouching import vouch
from schemas.errors import RetryableError
from schemas.regions import Residency
from storage.places import open_lake, open_stores
from storage.wrapping import wrapping_of

_DRAIN_WITHIN = 60.0
_JOBS = ("compact", "expire", "follow", "sweep")
_JOBS_EVERY = "20"  # seconds; production: a quarter of an hour, and an hour
_TICK = 0.5
_PATIENCE = 30.0
"""Seconds that Kafka or S3 may not answer while we look."""

_ONE_DEVICE = (
    "device=$(fortnight sql --format csv 'from map_tiles select device limit 1' | tail -1)"
)
_NEXT = (
    ("an analyst", "fortnight tables", False),
    ("", 'fortnight sql "select status, count(*) as readings from telemetry group by all"', False),
    ("", f"{_ONE_DEVICE} && fortnight map $device -o map.png", False),
    ("an operator", "fortnight reconcile", False),
    ("", "fortnight lag", True),
    ("a privacy officer", "fortnight expire --dry-run", False),
    ("", "fortnight drill", True),
    ("", "fortnight verify --html report.html", True),
)
"""Who, a command, and whether it needs the running system."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user asked for.

    Attributes:
        lasts: How long the fleet publishes; None: until Ctrl-C.
        fleet: Arguments of `fortnight fleet`.
    """

    lasts: timedelta | None = timedelta(seconds=60)
    fleet: tuple[str, ...] = ()


@dataclass(slots=True)
class Demo:
    """One run of the demo."""

    screen: Screen
    wishes: Wishes
    _began: float = field(default_factory=time.monotonic)
    _published: float = float("inf")

    def run(self, home: Home) -> None:
        """Run it from beginning to end; nothing of it runs any more when this returns or raises.

        Raises:
            PartError: A part did not start, or ended by itself; says which, and its last lines.
        """
        with System(home) as system:
            self._start(system)
            settings = system.home.settings
            stores = open_stores(settings)
            watch = Watch(open_lake(stores, settings), settings.home_region)
            with system.home.cluster() as cluster:
                last = self._live(system, lambda: watch.look(cluster))
            for name in ("worker", *_JOBS):
                system.stop(name)
            copies = keep(settings, home.folder / "tables")
        self.screen.finally_show(last, self._seconds())
        self.screen.say(next_commands(system.home.set(copies).shell(), runs=False))

    def _start(self, system: System) -> None:
        with ThreadPoolExecutor() as pool:
            for half in [
                pool.submit(self._start_kafka, system),
                pool.submit(self._start_s3, system),
            ]:
                half.result()
        system.start("worker", "fortnight-worker")
        certificates = system.home.certificates
        who = ("--registrar", str(guard.registrar(certificates))) if certificates else ()
        system.start("fleet", "fortnight", "fleet", "--canaries", *who, *self.wishes.fleet)
        self._say(f"a worker and a fleet; their logs are in {system.home.folder}")
        if self.wishes.lasts is None:
            self.screen.say(next_commands(system.home.shell(), runs=True))

    def _start_kafka(self, system: System) -> None:
        self._say(system.start_kafka())
        settings = system.home.settings
        with system.home.cluster() as cluster:
            topics.carry_out(topics.plan(settings), cluster)
            if system.home.certificates:
                guard.let_in(cluster, settings)
            self._say(f"{len(topics.NAMES)} topics")
            cluster.group_offsets(settings.group)  # so that the worker finds a coordinator

    def _start_s3(self, system: System) -> None:
        self._say(system.start_s3())
        settings = system.home.settings
        buckets = storage_admin.plan(settings, Residency.shipped())
        for bucket in storage_admin.carry_out(buckets, settings):
            self._say(str(bucket))
        regions = [place.region for place in settings.regions]
        wrapping = wrapping_of(settings, system.home.environment)
        now = datetime.now(UTC)  # noqa: TID251 - a demo's clock is the machine's
        keys.create(Path(settings.keyring), regions, wrapping, now)
        office.make_keys(settings, system.home.environment)
        vouch(settings, system.home.environment, system.home.folder / "signed.txt", now)

    def _live(self, system: System, look: Callable[[], Progress]) -> Progress:
        """Follow the system until the fleet has said enough, and all of it is stored."""
        self._follow(system, look, lambda seen: seen.total_rows > 0 or self._is_over(seen))
        self._say("the first rows are durable")
        for job in _JOBS:
            system.start(job, "fortnight", job, "--every", _JOBS_EVERY)
        self._follow(system, look, self._is_over)
        system.stop("fleet")
        self._say("the fleet is silent; the worker drains")
        until = time.monotonic() + _DRAIN_WITHIN
        last = self._follow(
            system, look, lambda seen: not any(seen.lag.values()) or time.monotonic() > until
        )
        if any(last.lag.values()):
            raise PartError(f"the worker did not drain within {_DRAIN_WITHIN:g} s")
        return last

    def _follow(
        self, system: System, look: Callable[[], Progress], over: Callable[[Progress], bool]
    ) -> Progress:
        """Show how far it is, until it is over, as long as every part runs."""
        with self.screen.watching():
            while True:
                system.check()
                progress = _patiently(look)
                self._note(progress)
                self.screen.show(progress, self._seconds())
                if over(progress):
                    return progress
                time.sleep(_TICK)

    def _note(self, progress: Progress) -> None:
        if any(progress.published.values()):
            self._published = min(self._published, self._seconds())

    def _is_over(self, _: Progress) -> bool:
        lasts = self.wishes.lasts
        return lasts is not None and self._seconds() >= self._published + lasts.total_seconds()

    def _say(self, text: str) -> None:
        self.screen.say(f"{self._seconds():5.1f} s  {text}")

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def _patiently(look: Callable[[], Progress]) -> Progress:
    """Look again where Kafka or S3 did not answer, for a while."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return look()
        except RetryableError:
            if time.monotonic() > until:
                raise
            time.sleep(_TICK)


def next_commands(shell: Path, *, runs: bool) -> str:
    """What to type next, for each who may want to.

    Args:
        shell: The file that sets a shell up for this system.
        runs: Whether Kafka and S3 still do; if not, the tables are there as folders.
    """
    lines = [f"  {who:<18}{command}" for who, command, needs_it in _NEXT if runs or not needs_it]
    return "\n".join(
        [
            "",
            "While it runs, in another shell (Ctrl-C here ends it):"
            if runs
            else "The tables are kept; to look at them:",
            f"  . {shell}",
            *lines,
            "",
        ]
    )
