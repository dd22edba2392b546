"""The demo: the whole system for a minute, then in order to its end.

Kafka and S3 -> topics, buckets, keyring -> worker -> fleet -> (a minute) -> the fleet falls silent,
the worker drains until nothing lags -> what became of every record, and where to look at it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from jobs import keys, topics
from jobs.demo.processes import PartError
from jobs.demo.progress import Progress, Watch
from jobs.demo.screen import Screen
from jobs.demo.system import Home, System
from jobs.kafka import Cluster
from schemas.errors import RetryableError
from schemas.settings import Settings
from storage.places import location_of, open_lake, open_stores, tables_in
from storage.s3 import S3Bucket

_DRAIN_WITHIN = 60.0
_JOBS_EVERY = timedelta(seconds=20)
_TICK = 0.5
_PATIENCE = 30.0
"""Seconds that Kafka or S3 may not answer while we look."""

_NEXT = """
In a shell:         . {shell}

an analyst          fortnight tables
                    fortnight sql "select state, count(*) as n from telemetry group by state"
an operator         fortnight lag
                    fortnight reconcile
a privacy officer   fortnight expire --dry-run
                    fortnight storage check
"""


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
    """One run of the demo.

    Attributes:
        first_row: Seconds from the beginning until the first row was durable; None: none was.
    """

    screen: Screen
    wishes: Wishes
    first_row: float | None = None
    _began: float = field(default_factory=time.monotonic)

    def run(self, home: Home) -> None:
        """Run it from beginning to end; nothing of it runs any more when this returns or raises.

        Raises:
            PartError: A part did not start, or ended by itself; says which, and its last lines.
        """
        with System(home) as system:
            for server in system.start_servers():
                self._say(server)
            settings = system.home.settings
            prepare(settings, system.home)
            self._say(f"{len(settings.regions)} buckets, {len(topics.NAMES)} topics, a keyring")
            worker = system.start("worker", "fortnight-worker")
            fleet = system.start("fleet", "fortnight", "fleet", *self.wishes.fleet)
            for job in ("expire", "sweep"):
                system.every(_JOBS_EVERY, job)
            self._say(f"a worker and a fleet; their logs are in {system.home.folder}")
            if self.wishes.lasts is None:
                self.screen.say(next_commands(system.home.shell()))
            watch = Watch(open_lake(open_stores(settings), settings), settings.home_region)
            with Cluster(settings.bootstrap_servers) as cluster:
                self._follow(system, lambda: watch.look(cluster), self._is_over)
                system.stop(fleet)
                self._say("the fleet is silent; the worker drains")
                drained = time.monotonic() + _DRAIN_WITHIN
                last = self._follow(
                    system,
                    lambda: watch.look(cluster),
                    lambda seen: not any(seen.lag.values()) or time.monotonic() > drained,
                )
            system.stop(worker)
        self.screen.finally_show(last, self._seconds())
        if any(last.lag.values()):
            raise PartError(f"the worker did not drain within {_DRAIN_WITHIN:g} s")

    def _follow(
        self, system: System, look: Callable[[], Progress], over: Callable[[Progress], bool]
    ) -> Progress:
        """Show how far it is, until it is over, as long as every part runs."""
        answered = time.monotonic()
        with self.screen.watching():
            while True:
                system.check()
                try:
                    progress = look()
                except RetryableError:
                    if time.monotonic() > answered + _PATIENCE:
                        raise
                    time.sleep(_TICK)
                    continue
                answered = time.monotonic()
                if self.first_row is None and progress.total_rows:
                    self.first_row = self._seconds()
                self.screen.show(progress, self._seconds())
                if over(progress):
                    return progress
                time.sleep(_TICK)

    def _is_over(self, _: Progress) -> bool:
        lasts = self.wishes.lasts
        return lasts is not None and self._seconds() >= lasts.total_seconds()

    def _say(self, text: str) -> None:
        self.screen.say(f"{self._seconds():5.1f} s  {text}")

    def _seconds(self) -> float:
        return time.monotonic() - self._began


def prepare(settings: Settings, home: Home) -> None:
    """Make topics, buckets, tables and the keyring."""
    with Cluster(settings.bootstrap_servers) as cluster:
        topics.carry_out(topics.plan(settings), cluster)
    for place in settings.regions:
        tables = [table.name for table in tables_in(place.region, settings)]
        S3Bucket(location_of(place, settings), tables).create()
    for destination in open_lake(open_stores(settings), settings).values():
        destination.create()
    keyring = Path(settings.keyring)
    keys.create(keyring, [place.region for place in settings.regions], home.passphrase)


def next_commands(shell: Path) -> str:
    """What to type next, for each who may want to.

    Args:
        shell: The file that sets a shell up for this system.
    """
    return _NEXT.format(shell=shell)
