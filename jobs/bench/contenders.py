"""Who is measured; each run has a program, a bucket and a consumer group of its own."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

import msgspec

from jobs.bench.lake_progress import LakeProgress
from jobs.bench.measure import PrintedProgress, Progress
from jobs.bench.peers.task import Task
from jobs.bench.stores import LOCATION
from jobs.demo.processes import Process
from jobs.kafka import Topic
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.settings import PREFIX, Settings
from schemas.tables import TABLES, Table
from schemas.wrapping import Passphrase
from storage.places import location_of, open_lake, open_stores
from storage.s3 import S3Bucket, S3Location

Run = tuple[Process, Progress]

_PASSPHRASE = "it ends with the benchmark"  # noqa: S105 - and so does all that it seals
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where every run of a benchmark takes place.

    Attributes:
        environment: Of every program, with credentials for the S3 server.
        folder: For logs.
    """

    environment: Mapping[str, str]
    bootstrap_servers: str
    s3_url: str
    folder: Path


class Contender(Protocol):
    """Somebody who reads a topic and makes its records durable."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def running(self, bench: Bench, topic: Topic) -> AbstractContextManager[Run]:
        """Start a program that knows nothing of earlier runs, and end it in the end."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """A program of `jobs.bench.peers`.

    Attributes:
        rows: Rows of a file.
    """

    name: str
    module: str
    table: Table
    rows: int

    @contextmanager
    def running(self, bench: Bench, topic: Topic) -> Iterator[Run]:
        """Start it."""
        place = f"bench-{next(_NUMBERS)}"
        S3Bucket(S3Location(place, LOCATION, bench.s3_url), []).create()
        task = Task(
            bootstrap_servers=bench.bootstrap_servers,
            topic=topic.name,
            group=place,
            endpoint=bench.s3_url,
            location=LOCATION,
            bucket=place,
            rows=self.rows,
            zstd_level=self.table.zstd_level,
        )
        log = bench.folder / f"{place}-{self.module}.log"
        command = [sys.executable, "-m", f"jobs.bench.peers.{self.module}"]
        argument = msgspec.json.encode(task).decode()
        with Process(self.name, [*command, argument], log=log, env=bench.environment) as process:
            yield process, PrintedProgress(log)
            process.kill()


@dataclass(frozen=True, slots=True, eq=False)
class Worker:
    """`fortnight-worker` with its default settings, for two regions."""

    name: str
    table: Table

    @contextmanager
    def running(self, bench: Bench, topic: Topic) -> Iterator[Run]:
        """Make its buckets, tables and keyring, then start it."""
        place = f"bench-{next(_NUMBERS)}"
        variables = {
            PREFIX + "BOOTSTRAP_SERVERS": bench.bootstrap_servers,
            PREFIX + "GROUP": place,
            PREFIX + "REGIONS": f"eu={place}-eu@{LOCATION},us={place}-us@{LOCATION}",
            PREFIX + "S3_ENDPOINT": bench.s3_url,
            PREFIX + "KEYRING": str(bench.folder / f"{place}.keyring"),
        }
        settings = Settings.load(variables)
        prepare(settings)
        log = bench.folder / f"{place}-worker.log"
        environment = {
            **{k: v for k, v in bench.environment.items() if not k.startswith(PREFIX)},
            **variables,
            PREFIX + "KEYRING_PASSPHRASE": _PASSPHRASE,
        }
        program = [str(Path(sys.executable).parent / "fortnight-worker")]
        with Process(self.name, program, log=log, env=environment) as process:
            yield process, LakeProgress(settings, self.table, topic)
            process.kill()


def prepare(settings: Settings) -> None:
    """Make what a worker needs to find: its buckets, tables, and a new keyring."""
    for place in settings.regions:
        S3Bucket(location_of(place, settings), [*TABLES]).create()
    for destination in open_lake(open_stores(settings), settings).values():
        destination.create()
    regions = [Region(place.region) for place in settings.regions]
    sealed = Keyring.generate(regions).seal(Passphrase(_PASSPHRASE))
    Path(settings.keyring).write_bytes(sealed)
