"""The whole system on this machine: Kafka, S3, a worker, a fleet, and what runs on a schedule.

An existing Kafka or S3 is used where the settings name one. Whatever was started is stopped again,
in the order in which records flow.
"""

import secrets
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from jobs.demo import guard
from jobs.demo.broker import Broker
from jobs.demo.jars import default_cache
from jobs.demo.object_store import CREDENTIALS, S3Server
from jobs.demo.processes import Process
from jobs.kafka import Cluster
from schemas.errors import SettingsError
from schemas.settings import PREFIX, Settings
from storage.tls import kafka_tls

_BROKERS, _ENDPOINT = PREFIX + "BOOTSTRAP_SERVERS", PREFIX + "S3_ENDPOINT"
_PASSPHRASE = "passphrase"  # noqa: S105 - a file's name
_DEMO_SETTINGS = {
    PREFIX + "FLUSH_PERIOD": "2",  # to see rows come; production waits for larger files
    PREFIX + "LOG_LEVEL": "INFO",
    PREFIX + "LOG_FORMAT": "human",  # somebody is going to look at the files
}
_PUT_ASIDE = {
    PREFIX + name: ",".join(
        f"{place.region}={place.bucket}-{name.lower()}@{place.location}"
        for place in Settings().regions
    )
    for name in ("RESTRICTED", "HOLDS")
}
"""Buckets for restricted and held rows, beside the regions' own."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a demo keeps its things.

    Attributes:
        folder: Logs, keyring, settings; absolute.
        inherited: The variables of whoever started it.
        variables: Those that the demo sets, which win.
        certificates: Where they are, if nobody gets in without one; each part has its own.
    """

    folder: Path
    inherited: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    certificates: Path | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """Of every process of the system."""
        return {**self.inherited, **self.variables}

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
        return replace(self, variables={**self.variables, **variables})

    def cluster(self) -> Cluster:
        """Its Kafka."""
        settings = self.settings
        return Cluster(settings.bootstrap_servers, tls=kafka_tls(settings, self.environment))

    def shell(self) -> Path:
        """Write what a shell reads (`. FILE`) to run commands on this system; the file.

        Settings of whoever started it are in it too: another shell need not have them.
        """
        settings = {name for name, _, _ in Settings.reference()}
        given = {name: value for name, value in self.inherited.items() if name in settings}
        variables = sorted({**given, **self.variables}.items())
        lines = [f"export {name}='{value}'" for name, value in variables]
        lines.append(f"export PATH='{Path(sys.executable).parent}':\"$PATH\"")
        path = self.folder / "environment"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        return path

    def program(self, program: str, *arguments: str, name: str) -> Process:
        """Start one of our programs with this environment; its output goes to `<name>.log`."""
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        own = guard.identity(name, self.certificates).variables() if self.certificates else {}
        environment = {**self.environment, **own}
        return Process(name, command, log=self.folder / f"{name}.log", env=environment)


def new_home(folder: Path, inherited: Mapping[str, str], *, tls: bool = False) -> Home:
    """A home with a passphrase of its own, over the variables that are there already.

    Args:
        folder: Its own.
        inherited: The variables that are there already.
        tls: Nobody gets into Kafka without a certificate, nor anything from S3 in the clear.

    Raises:
        SettingsError: The servers would be others' own, which have certificates of their own.
    """
    if tls and inherited.keys() & {_BROKERS, _ENDPOINT}:
        raise SettingsError(f"--tls is for the demo's own servers: {_BROKERS}, {_ENDPOINT}")
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    passphrase = folder / _PASSPHRASE
    passphrase.touch(mode=0o600)
    passphrase.write_text(secrets.token_urlsafe(24), "utf-8")
    wanted = _DEMO_SETTINGS if PREFIX + "REGIONS" in inherited else _DEMO_SETTINGS | _PUT_ASIDE
    defaults = {name: value for name, value in wanted.items() if name not in inherited}
    ours = {
        PREFIX + "KEYRING": str(folder / "keyring"),
        PREFIX + "PASSPHRASE": f"file:{passphrase}",
    }
    home = Home(folder, inherited, {**defaults, **ours})
    if not tls:
        return home
    certificates = folder / "certs"
    return replace(home.set(guard.make(certificates)), certificates=certificates)


class System:
    """The parts that we started; they stop in the reverse order, on the way out."""

    def __init__(self, home: Home) -> None:
        """Nothing runs yet.

        Args:
            home: Of the system; the object's `home` also knows where its servers will be.
        """
        self.home = home
        self._stack = ExitStack()
        self._parts: dict[str, Process] = {}
        self._kafka: Broker | None = None
        self._s3: S3Server | None = None
        if _BROKERS not in home.environment:
            self._kafka = Broker(
                home.folder / "kafka",
                cache=default_cache(home.environment),
                certificates=home.certificates,
            )
            self.home = self.home.set({_BROKERS: self._kafka.address})
        if _ENDPOINT not in home.environment:
            self._s3 = S3Server(home.folder, certificates=home.certificates)
            self.home = self.home.set({_ENDPOINT: self._s3.url, **CREDENTIALS})

    def __enter__(self) -> Self:
        """Itself: stopped on the way out."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop every part, also where stopping one fails."""
        self._stack.close()

    def start_kafka(self) -> str:
        """Start Kafka, unless the settings name one; what is where.

        Raises:
            PartError: It did not start.
        """
        self._start(self._kafka)
        return f"Kafka at {self.home.environment[_BROKERS]}"

    def start_s3(self) -> str:
        """Start S3, unless the settings name one; what is where.

        Raises:
            PartError: It did not start.
        """
        self._start(self._s3)
        return f"S3 at {self.home.environment[_ENDPOINT]}"

    def start(self, name: str, program: str, *arguments: str) -> None:
        """Start one of our programs as a part of the system."""
        process = self.home.program(program, *arguments, name=name)
        self._stack.callback(process.stop)
        self._parts[name] = process

    def stop(self, name: str) -> None:
        """End a part that has done its work."""
        self._parts.pop(name).stop()

    def check(self) -> None:
        """See that every part runs; to be called often.

        Raises:
            PartError: A part ended by itself; says which, and its last lines.
        """
        for part in self._parts.values():
            part.check()

    def _start(self, server: Broker | S3Server | None) -> None:
        if server is not None:
            self._stack.callback(server.stop)
            server.start()
            self._parts[server.process.name] = server.process
