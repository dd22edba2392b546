"""The whole system on this machine: Kafka, S3, a worker, a fleet, and what runs on a schedule.

An existing Kafka or S3 is used where the settings name one. Whatever was started is stopped again,
in the order in which records flow.
"""

import secrets
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from jobs.demo.broker import Broker
from jobs.demo.jars import default_cache
from jobs.demo.object_store import CREDENTIALS, S3Server
from jobs.demo.processes import Process
from schemas.settings import PREFIX, Settings

_BROKERS, _ENDPOINT = PREFIX + "BOOTSTRAP_SERVERS", PREFIX + "S3_ENDPOINT"
_PASSPHRASE = "passphrase"  # noqa: S105 - a file's name
_FINE = (0, 75)
"""How a job may end: done, or to be tried again the next time."""

_DEMO_SETTINGS = {
    PREFIX + "FLUSH_PERIOD": "2",  # to see rows come; production waits for larger files
    PREFIX + "LOG_LEVEL": "INFO",
}


@dataclass(frozen=True, slots=True)
class Home:
    """Where a demo keeps its things.

    Attributes:
        folder: Logs, keyring, settings; absolute.
        environment: Of every process of the system, this one's variables included.
    """

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    @property
    def passphrase(self) -> str:
        """What seals the keyring."""
        return (self.folder / _PASSPHRASE).read_text("utf-8")

    @property
    def settings(self) -> Settings:
        """The settings that every part has."""
        return Settings.load(self.environment)

    def set(self, variables: Mapping[str, str]) -> "Home":
        """The same home with more variables."""
        return replace(self, environment={**self.environment, **variables})

    def shell(self) -> Path:
        """Write what a shell reads (`. FILE`) to run commands on this system; the file."""
        names = [n for n in self.environment if n.startswith((PREFIX, "AWS_"))]
        lines = [f"export {name}='{self.environment[name]}'" for name in sorted(names)]
        lines.append(f"export PATH='{Path(sys.executable).parent}':\"$PATH\"")
        path = self.folder / "environment"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def program(self, program: str, *arguments: str, name: str) -> Process:
        """Start one of our programs with this environment; its output goes to `<name>.log`."""
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        return Process(name, command, log=self.folder / f"{name}.log", env=self.environment)


def new_home(folder: Path, environment: Mapping[str, str]) -> Home:
    """A home with a passphrase of its own, over the variables that are there already."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = folder / _PASSPHRASE
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_urlsafe(24), "utf-8")
    ours = {
        PREFIX + "KEYRING": str(folder / "keyring"),
        PREFIX + "PASSPHRASE": f"file:{passphrase}",
    }
    return Home(folder, {**_DEMO_SETTINGS, **environment, **ours})


class System:
    """The parts that we started; they stop in the reverse order, on the way out."""

    def __init__(self, home: Home) -> None:
        """Nothing runs yet.

        Args:
            home: Of the system; the object's `home` also knows where its servers are.
        """
        self.home = home
        self._stack = ExitStack()
        self._parts: list[Process] = []
        self._recurring: list[_Recurring] = []

    def __enter__(self) -> Self:
        """Itself: stopped on the way out."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop every part, also where stopping one fails."""
        self._stack.close()

    def start_servers(self) -> list[str]:
        """Start Kafka and S3 at once, unless the settings name others; what is where.

        Raises:
            PartError: One of them did not start.
        """
        variables: dict[str, str] = {}
        servers: list[Broker | S3Server] = []
        if _BROKERS not in self.home.environment:
            broker = Broker(self.home.folder / "kafka", cache=default_cache(self.home.environment))
            variables[_BROKERS] = broker.address
            servers.append(broker)
        if _ENDPOINT not in self.home.environment:
            s3 = S3Server(self.home.folder)
            variables |= {_ENDPOINT: s3.url, **CREDENTIALS}
            servers.append(s3)
        with ThreadPoolExecutor() as pool:
            for server in servers:
                self._stack.callback(server.stop)
            for _ in pool.map(lambda server: server.start(), servers):
                pass
        self._parts += [server.process for server in servers]
        self.home = self.home.set(variables)
        return [f"Kafka at {self._where(_BROKERS)}", f"S3 at {self._where(_ENDPOINT)}"]

    def start(self, name: str, program: str, *arguments: str) -> Process:
        """Start one of our programs as a part of the system."""
        process = self.launch(name, program, *arguments)
        self._parts.append(process)
        return process

    def launch(self, name: str, program: str, *arguments: str) -> Process:
        """Start one of our programs that may end by itself."""
        process = self.home.program(program, *arguments, name=name)
        self._stack.callback(process.stop)
        return process

    def stop(self, part: Process) -> None:
        """End a part that has done its work."""
        self._parts.remove(part)
        part.stop()

    def every(self, period: timedelta, job: str) -> None:
        """Run `fortnight <job>` once a period, not at once, one run at a time; see `check`."""
        seconds = period.total_seconds()
        self._recurring.append(_Recurring(job, seconds, due=time.monotonic() + seconds / 2))

    def check(self) -> None:
        """Start the jobs that are due, and see that nothing went wrong; to be called often.

        Raises:
            PartError: A part ended by itself, or a job failed; says which, and its last lines.
        """
        for part in self._parts:
            part.check()
        for job in self._recurring:
            job.tick(self)

    def _where(self, variable: str) -> str:
        return self.home.environment[variable]


@dataclass(slots=True)
class _Recurring:
    job: str
    seconds: float
    due: float
    run: Process | None = None

    def tick(self, system: System) -> None:
        if self.run is not None and not self.run.is_running():
            if self.run.status not in _FINE:
                self.run.check()
            self.run = None
        if self.run is None and time.monotonic() >= self.due:
            self.due = time.monotonic() + self.seconds
            self.run = system.launch(self.job, "fortnight", self.job)
