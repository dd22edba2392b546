"""A region on folders, with rows of devices in every table and officers who act for subjects."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
from support.faults.mortal import Life, MortalStore
from support.holding import Bucket
from support.lake import PARTITION
from support.office import EU, START, House
from support.rows import path_of, pseudonym, rows_of
from support.tile_rows import tile_rows

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.office.requests import receive
from jobs.rewriting.source import open_sources
from jobs.subjects.case import Case
from jobs.subjects.erase import Erased, Eraser
from jobs.subjects.estate import Estate
from jobs.subjects.restrict import Restricted, Restricter
from jobs.subjects.roll import Listed, Roll
from jobs.subjects.subject import DEVICE, Subject, names
from schemas.keyring import Keyring
from schemas.lineage import Partition
from schemas.marks import Mark
from schemas.privacy import canonical
from schemas.requests import Request, Right
from schemas.retention import FORTNIGHT, microseconds
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY, Table
from schemas.tables.devices import Device
from storage.dataset import open_table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import object_key, parse_object_key
from storage.parquet import decode, describe, encode
from storage.store import ObjectStore

TABLES = (TELEMETRY, MAP_TILES, CLEANING_HISTORY)
ALICE, BOB = "robot-of-alice", "robot-of-bob"
RAW_FOR = timedelta(days=4, hours=12)
_OTHERS = 5


class MortalDestination(Destination):
    """A table whose commits are steps of a life."""

    life: Life

    @classmethod
    def of(cls, table: Table, store: ObjectStore, life: Life) -> "MortalDestination":
        made = cls(table, EU, store)
        made.life = life
        return made

    def append(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        self.life.step()
        super().append(*given, **named)
        self.life.check()

    def replace(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        self.life.step()
        super().replace(*given, **named)
        self.life.check()


@dataclass(slots=True)
class Told:
    """What is told of devices, and what is on its way: Kafka's part of the town.

    Attributes:
        devices: By canonical id.
        late: Partitions on which something waits.
        now: By the broker's clock.
    """

    devices: dict[str, Listed] = field(default_factory=dict)
    late: tuple[Partition, ...] = ()
    now: datetime = START

    def mark(self, devices: Collection[str], change: Callable[[Mark], Mark]) -> Roll:
        for device in devices:
            listed = self.roll.of(device)
            before = listed.mark or Mark(device=device)
            if (after := change(before)) != before:
                told = replace(listed, mark=after, marked=self.now, mark_offset=1)
                self.devices[canonical(device)] = told
        return self.roll

    def waiting(
        self, destinations: Sequence[Destination], since: datetime
    ) -> tuple[Partition, ...]:
        assert [one.table for one in destinations] == [*TABLES]
        assert since <= self.now
        return self.late

    def register(self, device: str, bound_since: datetime = START - FORTNIGHT) -> None:
        """Somebody binds a device."""
        registration = Device(
            device=device,
            vendor="360",
            model="S9",
            country="DE",
            account=f"account of {device}",
            bound_since=microseconds(bound_since),
        )
        listed = replace(self.roll.of(device), registration=registration, since=self.now)
        self.devices[canonical(device)] = listed

    @property
    def roll(self) -> Roll:
        return Roll(dict(self.devices), len(self.devices))


@dataclass(frozen=True, slots=True)
class MortalInputs:
    """What is told of devices, to a process whose marks are steps of its life."""

    told: Told
    life: Life

    def mark(self, devices: Collection[str], change: Callable[[Mark], Mark]) -> Roll:
        self.life.step()
        roll = self.told.mark(devices, change)
        self.life.check()
        return roll

    def waiting(
        self, destinations: Sequence[Destination], since: datetime
    ) -> tuple[Partition, ...]:
        return self.told.waiting(destinations, since)


@dataclass(slots=True)
class Town:
    """Everything that a region has."""

    house: House
    told: Told
    holds: Bucket
    keys: Keyring
    now: datetime = START
    held: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    def build(cls, folder: Path) -> "Town":
        """A new one, whose tables are empty."""
        house = House.build(folder)
        town = cls(house, Told(), Bucket.build(folder / "holds"), house.keys())
        for device in (ALICE, BOB):
            town.told.register(device)
        for destination in town.estate().places:
            destination.create()
        return town

    @property
    def folder(self) -> Path:
        return self.house.folder

    def stores(self) -> list[ObjectStore]:
        """The region's bucket, the restricted one, the one of held rows."""
        return [DirectoryStore(self.folder / name) for name in ("eu", "restricted", "holds")]

    def estate(self, life: Life | None = None) -> Estate:
        """Its places, as a process sees them that has so much life."""
        life = life or Life(2**31)
        store = MortalStore(self.folder / "eu", life)
        apart = MortalStore(self.folder / "restricted", life)
        return Estate(
            store,
            tuple(MortalDestination.of(table, store, life) for table in TABLES),
            tuple(MortalDestination.of(table, apart, life) for table in TABLES),
            self.holds.keeper,
            lambda: self.now,
        )

    def eraser(self, life: Life | None = None) -> Eraser:
        life = life or Life(2**31)
        inputs = MortalInputs(self.told, life)
        return Eraser(EU, self.estate(life), inputs, self.keys, RAW_FOR)

    def erase(self, *devices: str, life: Life | None = None) -> list[Erased]:
        """The command of an officer, in a process that has so much life."""
        office = self.house.office(self.now, life=life)
        cases = [replace(self.case(one, Right.ERASE), office=office) for one in devices]
        return self.eraser(life).erase(cases, self.house.office().ledger.entries())

    def restricter(self, estate: Estate | None = None) -> Restricter:
        return Restricter(EU, estate or self.estate(), self.told, self.keys)

    def restrict(
        self, *devices: str, preserved: bool = False, estate: Estate | None = None
    ) -> list[Restricted]:
        """The command of an officer."""
        cases = [self.case(device, Right.RESTRICT) for device in devices]
        return self.restricter(estate).restrict(cases, preserved=preserved)

    def lift(self, *devices: str, estate: Estate | None = None) -> list[Restricted]:
        """The command of an officer."""
        cases = [self.case(device, Right.RESTRICT) for device in devices]
        return self.restricter(estate).lift(cases)

    def hold(self, device: str) -> None:
        """A hold of the device's name is placed."""
        self.holds.hold(device, devices=(tuple(self.names(device)),), tables=TABLES)
        self.held.append(device)

    def expire(self) -> None:
        """As it is done every 15 minutes, in both buckets."""
        for destination in self.estate().places:
            expire(destination, self.now, self.holds.keeper.keep_files)

    def case(self, device: str, right: Right) -> Case:
        """An open request of a device's owner, opened where there is none."""
        office = self.house.office(self.now)
        subject = Subject(self.house.key.tag(DEVICE, device), (device,))
        number = f"R-2026-{sum(f'{device} {right}'.encode())}"
        request = Request(number, right, self.now.date(), subject.tag)
        if all(entry.act.request != number for entry in office.ledger.entries()):
            receive(office, request)
        return Case(office, request, subject)

    def names(self, device: str) -> frozenset[str]:
        return names([device], self.keys, EU)

    def store(
        self, table: Table, *devices: str, each: int = 3, expires: datetime = START + FORTNIGHT
    ) -> None:
        """A file of rows of devices, and of some others; put and committed."""
        (destination,) = (one for one in self.estate().tables if one.table is table)
        mine = [name for device in devices for name in self.names(device)]
        cycle = [*mine, *(pseudonym(1 + i) for i in range(_OTHERS))]
        self.commit(destination, self._rows(table, cycle * each), expires)

    def commit(self, destination: Destination, rows: pa.Table, expires: datetime) -> None:
        """Make rows a file of a table."""
        path, data = path_of(next(self._numbers), expires=expires), encode(rows, destination.table)
        destination.store.put(object_key(destination.table.name, path), data)
        destination.versions([PARTITION.application_id])
        file = describe(rows, data, path, self.now)
        destination.append([file], {PARTITION.application_id: next(self._numbers)})

    def rows_at(self, device: str, *times: datetime) -> pa.Table:
        """Readings of a pseudonym, at these times."""
        rows = self._rows(TELEMETRY, [device] * len(times))
        at = rows.schema.get_field_index("event_time")
        field_ = rows.schema.field(at)
        return rows.set_column(at, field_, pa.array(times, field_.type))

    def compact(self) -> None:
        """As it is done when an hour is over."""
        later = self.now + timedelta(days=1)
        for destination in self.estate().tables:
            compact(destination, lambda: later, timedelta(days=9), Shard())

    def _rows(self, table: Table, devices: Sequence[str]) -> pa.Table:
        n, number = len(devices), next(self._numbers)
        given: dict[str, Any] = {
            "device": devices,
            "offset": range(1000 * number, 1000 * number + n),
            "topic_id": ["AAAA"] * n,
            "partition": [0] * n,
        }
        make = tile_rows if table is MAP_TILES else None
        return make(n, seed=number, **given) if make else rows_of(table, n, seed=number, **given)

    def seen(self, device: str, *, aside: bool = False) -> list[tuple[str, int]]:
        """Table and offset of a device's rows that analysts see, or that were put aside."""
        estate = self.estate()
        return sorted(
            (destination.table.name, offset)
            for destination in (estate.aside if aside else estate.tables)
            for offset in self._offsets(destination, self.names(device))
        )

    def everything(self) -> dict[str, pa.Table]:
        """What readers see of each table."""
        return {
            one.table.name: open_table(one.table.name, {(one.table.name, EU): one})
            .to_table()
            .sort_by("offset")
            for one in self.estate().tables
        }

    def traces(self, device: str) -> list[str]:
        """Object keys, in any store, whose decoded bytes have a pseudonym of a device."""
        wanted = [name.encode() for name in self.names(device)]
        return [
            info.key
            for store in self.stores()
            for info in store.list()
            if any(name in _decoded(info.key, store.get(info.key)) for name in wanted)
        ]

    def _offsets(self, destination: Destination, wanted: frozenset[str]) -> Iterator[int]:
        for source in open_sources(destination, destination.live()):
            rows = source.stored()
            for device, offset in zip(rows["device"], rows["offset"], strict=True):
                if device.as_py() in wanted:
                    yield offset.as_py()


def _decoded(key: str, data: bytes) -> bytes:
    """All text of a data file, its dictionaries and statistics included; else the bytes."""
    try:
        parse_object_key(key)
        rows = decode(data)
    except ValueError:
        return data
    texts = [one.unique().to_pylist() for one in rows.columns if pa.types.is_string(one.type)]
    return data + "\0".join(str(text) for some in texts for text in some).encode()
