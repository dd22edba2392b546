"""A deployment on folders in which every promise is kept: built once, copied for each mischief.

Its rows went through the pipeline's own stages, so that verify's second implementation is compared
with the first one.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from support.wire import EU, US, wire

from jobs.verify import Outcome, Scene, open_buckets, verify
from jobs.verify.rows.registry import Registry, Word
from jobs.verify.sample import Sampling
from schemas.batches import WireBatch
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKey
from schemas.lineage import Partition, Span
from schemas.policies import Policies
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Region, Residency
from schemas.retention import microseconds
from schemas.settings import RegionSettings, Settings
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TABLES, TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import describe, encode
from storage.receipts import Receipt, SpanReceipt
from storage.watches import Watch, WatchPath, put_watch
from streams.pipeline import Pipeline
from streams.registry import DeviceRecord
from streams.registry import Registry as Known
from streams.stages.admit import Admission
from streams.stages.pseudonymise import RegionKeys

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE = timedelta(days=9)
SMAROCK, QIHOO = "smarock", "360-robot-vacuum"
CONSENTS = ("telemetry", "maps", "history", "location")
LOCATIONS = {EU: "eu-central-1", US: "us-east-1"}
AGES = (timedelta(days=9), timedelta(hours=5), timedelta(minutes=90))
"""How long before `NOW` its rows came."""


@dataclass(frozen=True, slots=True)
class Robot:
    """A device as it is registered; serial numbers are public test values."""

    serial: str
    vendor: str
    country: str
    consents: tuple[str, ...] = CONSENTS
    bound_since: datetime | None = NOW - timedelta(days=200)

    @property
    def account(self) -> str:
        return f"owner-{blake2b(self.serial.encode(), digest_size=6).hexdigest()}"

    def word(self, at: datetime, **changed: object) -> tuple[bytes, bytes, datetime]:
        """Its registration, said at some time."""
        bound = None if self.bound_since is None else microseconds(self.bound_since)
        said = {
            "device": self.serial,
            "vendor": self.vendor,
            "model": "X1" if self.vendor == SMAROCK else "S9",
            "country": self.country,
            "account": self.account,
            "bound_since": bound,
            "consents": [{"name": name, "granted": True, "since": 0} for name in self.consents],
            **changed,
        }
        return self.serial.encode(), msgspec.json.encode(said), at


GERMAN = Robot("SN-4471-0001-DE", SMAROCK, "DE")
AMERICAN = Robot("SN-4471-0002-US", SMAROCK, "US")
FRENCH = Robot("QH:88:21:00:03", QIHOO, "FR")
CANADIAN = Robot("8821-0004-AC1D", QIHOO, "CA")
CANARY = Robot("canary-us-360-robot-vacuum", QIHOO, "US")
HOMELESS = Robot("SN-4471-0005-DE", SMAROCK, "DE", consents=("telemetry", "maps", "history"))
SILENT = Robot("QH:88:21:00:06", QIHOO, "DE", consents=("maps", "history"))
UNBOUND = Robot("SN-4471-0007-US", SMAROCK, "US", bound_since=None)
ROBOTS = (GERMAN, AMERICAN, FRENCH, CANADIAN, CANARY, HOMELESS, SILENT, UNBOUND)
REGISTERED = NOW - timedelta(days=100)


@dataclass(frozen=True, slots=True)
class House:
    """The deployment: its folders, keys and registrations.

    Attributes:
        words: (key, value, time) of every record of `fleet.devices`, in order.
    """

    folder: Path
    keyring: Keyring
    words: tuple[tuple[bytes, bytes | None, datetime], ...]
    settings: Settings = field(default_factory=Settings)
    ledger_keys: Mapping[str, LedgerKey] = field(
        default_factory=lambda: {one: LedgerKey.generate(one) for one in (EU, US)}
    )

    @classmethod
    def build(cls, folder: Path) -> "House":
        """A new one."""
        words = [robot.word(REGISTERED) for robot in ROBOTS]
        words.append(GERMAN.word(NOW - timedelta(days=6), model="X2"))
        house = cls(folder, Keyring.generate((EU, US)), tuple(words)).placed(folder)
        for region in (EU, US):
            for table in TABLES.values():
                if table.name != "dead_letters" or region == EU:
                    house.destination(table, region).create()
        for table in (TELEMETRY, MAP_TILES, CLEANING_HISTORY):
            house.fill(table)
        return house

    def placed(self, folder: Path) -> "House":
        """The same, in another folder."""
        places = tuple(
            RegionSettings(region, f"file:{folder / region}", LOCATIONS[region])
            for region in (EU, US)
        )
        return replace(self, folder=folder, settings=Settings(regions=places))

    def copy(self, folder: Path) -> "House":
        """A copy to do mischief in; it keeps the times of its files."""
        shutil.copytree(self.folder, folder)
        return self.placed(folder)

    def store(self, region: Region = EU) -> DirectoryStore:
        return DirectoryStore(self.folder / region)

    def destination(self, table: Table, region: Region = EU) -> Destination:
        return Destination(table, region, self.store(region))

    def with_words(self, *words: tuple[bytes, bytes | None, datetime]) -> "House":
        """The same with more said on `fleet.devices`, in order of time."""
        return replace(self, words=tuple(sorted((*self.words, *words), key=lambda w: w[2])))

    def with_all_put_aside(self, robot: Robot, region: Region = EU) -> "House":
        """The same, a robot's rows moved into a bucket of restricted ones."""
        name = pc.equal(pc.field("device"), self._name(robot, region))
        apart = self.folder / "apart"
        for table in (TELEMETRY, MAP_TILES, CLEANING_HISTORY):
            for key in files(self, table, region):
                rows = read(self, key, region)
                DirectoryStore(apart).put(key, encode(rows.filter(name), table))
                write(self, key, rows.filter(~name), region)
        place = RegionSettings(region, f"file:{apart}", LOCATIONS[region])
        return replace(self, settings=replace(self.settings, restricted=(place,)))

    def fill(self, table: Table) -> None:
        """Store what all robots say of a table, a file a region and time of arrival."""
        pipeline = Pipeline(table, self._admission(), self._keys())
        number = 0
        for age in AGES:
            records = [record for robot in ROBOTS for record in says(table, robot, NOW - age)]
            chunk = wire(
                records, first=number, time=microseconds(NOW - age), partition=_partition(table)
            )
            number += len(records)
            self._flush(pipeline, chunk)

    def scene(self, sampling: Sampling | None = None) -> Scene:
        """What verify is given."""
        words = [
            Word(number, microseconds(at), key, value)
            for number, (key, value, at) in enumerate(self.words)
        ]
        return Scene(
            settings=self.settings,
            policies=Policies.shipped(),
            residency=Residency.shipped(),
            buckets=open_buckets(self.settings, NOW),
            keyring=self.keyring,
            registry=Registry.of(words),
            now=NOW,
            sampling=sampling or Sampling(),
            ledger_key=self.ledger_keys.__getitem__,
        )

    def watch(self, *robots: Robot, up_to: datetime, region: Region = EU) -> None:
        """Put the watch entry of an erasure of robots."""
        names = [self._name(one, region) for one in robots]
        path = WatchPath(NOW + HOUR, uuid4().hex)
        watch = Watch(region, tuple(names), up_to)
        put_watch(self.store(region), path, watch, self.ledger_keys[region].watching)

    def verify(self, sampling: Sampling | None = None) -> Outcome:
        return verify(self.scene(sampling))

    def _name(self, robot: Robot, region: Region) -> str:
        key = self.keyring.current(region)
        secret = domain_key(key.secret, Domain.DEVICE)
        return pseudonyms([robot.serial], secret, key.version)[0]

    def _admission(self) -> Admission:
        known = Known()
        records = [
            DeviceRecord(number, microseconds(at), key, value)
            for number, (key, value, at) in enumerate(self.words)
        ]
        known.apply(records, len(records))
        return Admission(known, Residency.shipped(), (EU, US), LATE)

    def _keys(self) -> list[RegionKeys]:
        return [RegionKeys.current(self.keyring, region) for region in (EU, US)]

    def _flush(self, pipeline: Pipeline, chunk: WireBatch) -> None:
        finished = pipeline.finish(chunk.partition, [pipeline.collect(chunk)])
        span = Span(chunk.first, chunk.next_offset - 1)
        for region in (EU, US):
            destination = self.destination(pipeline.table, region)
            files, vendors = [], dict[str, int]()
            for folder, rows in finished.rows[region].items():
                data = encode(rows, pipeline.table)
                path = DataPath(folder.date, folder.expires, uuid4())
                destination.store.put(object_key(pipeline.table.name, path), data)
                files.append(describe(rows, data, path, NOW))
                for vendor in rows["vendor"].to_pylist():
                    vendors[vendor] = vendors.get(vendor, 0) + 1
            stored = sum(vendors.values())
            outcomes = {f"stored/{region}": stored, "elsewhere/both": len(chunk.offsets) - stored}
            told = SpanReceipt(chunk.partition, span, len(chunk.offsets), outcomes, vendors)
            receipt = Receipt((told,), Policies.shipped().versions, 1, 1, "w", stored)
            application = chunk.partition.application_id
            destination.versions([application])
            destination.append(files, {application: span.last}, receipt)


def _partition(table: Table) -> Partition:
    return Partition(table.topic, "AAAA", 0)


def says(table: Table, robot: Robot, at: datetime) -> Iterator[Mapping[str, Any]]:
    """What a robot sends within the minute before `at`: of maps only what is for a fault."""
    event = microseconds(at) - 40_000_000
    about = {"device": robot.serial, "event_time": event}
    if table is TELEMETRY:
        place = {"x": 1.5, "y": 2.5, "latitude": 52.52, "longitude": 13.4}
        more = {"battery_level": 80, "session": f"session-{robot.serial}", "firmware": "4.1.2"}
        for step in range(8):
            reading = {**about, "event_time": event + step, "status": "cleaning", **place, **more}
            yield reading if step else {**reading, "fault_kind": "transient"}
    elif table is MAP_TILES:
        cells = bytes([0, 1, 2, 5] * 1024)
        where = {"map": f"map-of-{robot.serial}", "tile_x": 0, "tile_y": 1, "version": event}
        yield {**about, **where, "encoding": "raw", "cells": cells, "fault": "motors"}
        yield {**about, **where, "encoding": "raw", "cells": cells}
    else:
        cleaning = {"session": f"session-{robot.serial}", "started": event - 10, "area": 90}
        yield {**about, **cleaning, "duration": 600, "map": f"map-of-{robot.serial}"}


def files(house: House, table: Table, region: Region = EU) -> list[str]:
    """Object keys of a table's data files, the oldest first."""
    found = [info.key for info in house.store(region).list(f"{table.name}/date=")]
    return sorted(found)


def read(house: House, key: str, region: Region = EU) -> pa.Table:
    """A file's rows, as they are stored."""
    data = house.store(region).get(key)
    return pq.read_table(pa.BufferReader(data))


def write(house: House, key: str, rows: pa.Table, region: Region = EU) -> None:
    """Put rows in the place of a file's, as the sink writes files."""
    table = TABLES[key.partition("/")[0]]
    house.store(region).put(key, encode(rows.select(table.schema.names), table))


def change(house: House, key: str, region: Region = EU, *, of: str = "", **values: object) -> None:
    """Give columns of a file another value, in the rows of a maker's robots, or in all."""
    rows = read(house, key, region)
    mine = pa.array([of in ("", one) for one in rows["vendor"].to_pylist()])
    assert pc.any(mine).as_py()
    for name, value in values.items():
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(place)
        new = pc.if_else(mine, pa.scalar(value, field.type), rows[name])
        rows = rows.set_column(place, field, new)
    write(house, key, rows, region)


def broken(outcome: Outcome) -> set[str]:
    """Names of the promises that are broken."""
    return {judged.promise.name for judged in outcome.broken}


def findings(outcome: Outcome) -> Iterable[str]:
    """Everything that was found, in words."""
    return [
        f"{judged.promise.name}: {look.checked}: {finding}"
        for judged in outcome.judged
        for look in judged.looks
        for finding in look.findings
    ]
