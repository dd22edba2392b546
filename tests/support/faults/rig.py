"""A sink on stores of its own, without Kafka: what is sent is made up from its offset."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow.fs
from support.evidence import proof
from support.evidence.fleet import TELEMETRY as TOPIC
from support.evidence.fleet import Fleet
from support.evidence.oracle import Marking, Oracle, Registration, Sent
from support.evidence.proof import Log
from support.evidence.reader import Follower
from support.keys import KEYS

from schemas.batches import WireBatch
from schemas.keyring import Key, Keyring, KeyState
from schemas.lineage import Partition
from schemas.regions import Region, Residency
from schemas.tables import DEAD_LETTERS, TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.receipts import Receipt
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.store import ObjectStore
from streams.pipeline import Pipeline
from streams.registry import DeviceRecord, Registry
from streams.sink import FlushRules, Sink
from streams.sink.budget import Budget
from streams.sink.delivery import Delivery, Step
from streams.sink.limits import RejectionLimit
from streams.sink.work import Start
from streams.stages.admit import Admission
from streams.stages.pseudonymise import RegionKeys

EU, US = Region("eu"), Region("us")
_LOCATIONS = {EU: "eu-central-1", US: "us-east-1"}
_SECRETS = Keyring(tuple(Key(one, 1, KeyState.CURRENT, one.encode() * 16) for one in (EU, US)))
NEVER = FlushRules(10**9, timedelta(hours=1), RejectionLimit(1.0, 10**9))
"""Flushes begin when the test says so."""


def wall_clock() -> datetime:
    """The present: tests of several processes share no other clock."""
    return datetime.now(UTC)  # noqa: TID251 - the edge


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tables are: a folder, or an S3 server; may be sent to another process.

    Attributes:
        name: Of its own, so that several share a server.
        location: Of every bucket, on a server of one location; empty: each region's own.
    """

    url: str
    name: str
    location: str = ""

    def store(self, region: Region) -> ObjectStore:
        """The region's bucket."""
        if self.url.startswith("http"):
            return S3Store(self._location(region))
        return DirectoryStore(Path(self.url, region))

    def destinations(self) -> dict[str, Destination]:
        """One telemetry table a region, and the dead letters'."""
        stores = {region: self.store(region) for region in (EU, US)}
        return {
            **{str(region): Destination(TELEMETRY, region, stores[region]) for region in stores},
            DEAD_LETTERS.name: Destination(DEAD_LETTERS, EU, stores[EU]),
        }

    def create(self) -> None:
        """Make buckets and tables."""
        if self.url.startswith("http"):
            for region in (EU, US):
                S3Bucket(self._location(region), []).create()
        for destination in self.destinations().values():
            destination.create()

    def followers(self) -> dict[tuple[str, str], Follower]:
        """Independent readers of the same tables, as `proof.compare` wants them."""
        return {
            (TOPIC, EU): self._follower(EU, TELEMETRY.name),
            (TOPIC, US): self._follower(US, TELEMETRY.name),
            (proof.DEAD_LETTERS, EU): self._follower(EU, DEAD_LETTERS.name),
        }

    def _location(self, region: Region) -> S3Location:
        return S3Location(f"{self.name}-{region}", self._location_of(region), self.url, KEYS)

    def _location_of(self, region: Region) -> str:
        return self.location or _LOCATIONS[region]

    def _follower(self, region: Region, table: str) -> Follower:
        if not self.url.startswith("http"):
            files = pyarrow.fs.LocalFileSystem()
            return Follower(f"{table}@{region}", files, f"{self.url}/{region}/{table}")
        files = pyarrow.fs.S3FileSystem(
            access_key=KEYS.access_key,
            secret_key=KEYS.secret_key,
            endpoint_override=urlsplit(self.url).netloc,
            scheme="http",
            region=self._location_of(region),
        )
        return Follower(f"{table}@{region}", files, f"{self.name}-{region}/{table}")


@dataclass(frozen=True, slots=True)
class Source:
    """Partitions whose records are made up from their offsets: the same in every process.

    Attributes:
        fleet: Sends record `offset * partitions + partition` there.
    """

    fleet: Fleet
    partitions: int = 4

    def all(self) -> list[Partition]:
        """Every partition."""
        return [Partition(TOPIC, "an-id", number) for number in range(self.partitions)]

    def sent(self, partition: Partition, offset: int) -> Sent:
        """The record at a position."""
        return self.fleet.sent(TOPIC, offset * self.partitions + partition.number)

    def ingest_time(self, offset: int) -> int:
        """When the broker took it."""
        return self.fleet.now + offset * 1_000

    def chunk(self, partition: Partition, first: int, next_offset: int) -> WireBatch:
        """What a fetch of these offsets would bring."""
        offsets = range(first, next_offset)
        sent = [self.sent(partition, offset) for offset in offsets]
        return WireBatch(
            partition,
            first,
            next_offset,
            np.array(offsets, np.int64),
            np.array([self.ingest_time(offset) for offset in offsets], np.int64),
            [one.value for one in sent],
            {place: one.headers for place, one in enumerate(sent) if one.headers},
        )

    def logs(self, ends: Mapping[Partition, int], oracle: Oracle) -> list[Log]:
        """What the oracle says of everything up to the last offset of each partition."""
        return [
            Log(
                partition.topic,
                partition.topic_id,
                partition.number,
                {
                    offset: oracle.fate(self.sent(partition, offset), self.ingest_time(offset))
                    for offset in range(end + 1)
                },
                end=end,
            )
            for partition, end in ends.items()
        ]


Told = tuple[int, Registration | Marking]
"""When the broker took it (microseconds since 1970 in UTC), and what it is."""


def oracle_of(told: Iterable[Told]) -> Oracle:
    """An oracle that heard this."""
    oracle = Oracle()
    oracle.hear(told)
    return oracle


def registry_of(told: Sequence[Told], kind: Callable[[], Registry] = Registry) -> Registry:
    """The product's registry, fed as from `fleet.devices`."""
    registry = kind()
    registry.apply(
        [
            DeviceRecord(offset, time, one.record_key.encode(), one.value)
            for offset, (time, one) in enumerate(told)
        ],
        len(told),
    )
    return registry


def pipeline_of(registry: Registry, table: Table = TELEMETRY) -> Pipeline:
    """A table's, under secrets that are the same in every process."""
    admission = Admission(registry, Residency.shipped(), (EU, US), timedelta(days=9))
    keys = [RegionKeys.current(_SECRETS, region) for region in (EU, US)]
    return Pipeline(table, admission, keys)


def sink_on(
    place: Place,
    registry: Registry,
    *,
    step: Step = lambda _: None,
    kind: type[Delivery] = Delivery,
    clock: Callable[[], datetime] = wall_clock,
) -> Sink:
    """A sink on the tables of a place.

    Args:
        place: Created.
        registry: Knows every device.
        step: Told of every step.
        kind: Another delivery, for negative controls.
        clock: The worker's.
    """
    deliveries = {
        name: kind(
            destination,
            name,
            Receipt(worker="a test"),
            regions=(EU, US),
            clock=clock,
            step=step,
        )
        for name, destination in place.destinations().items()
    }
    return Sink(
        pipeline_of(registry),
        deliveries,
        barrier=lambda: registry.applied,
        budget=Budget(2**30),
        rules=NEVER,
        step=step,
    )


def take_up(sink: Sink, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """Assign partitions as a worker does: pin, load, go on behind the smallest version.

    Returns:
        Partition -> next offset.
    """
    for name in ("eu", "us", DEAD_LETTERS.name):
        sink.pin(dict.fromkeys(partitions, 0), name)
    starts = {}
    for partition, known in sink.load(partitions).items():
        versions = {name: version for name, version in known.items() if version is not None}
        starts[partition] = Start(versions, min(versions.values()) + 1)
    sink.assign(starts)
    return {partition: start.offset for partition, start in starts.items()}
