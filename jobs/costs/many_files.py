"""A clean fortnight of very many files: a deployment in which every promise on bytes is kept.

Of a table, region and day all files have the same rows, under names of their own: so they cost
nothing to make, and whoever reads them reads as much as ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from jobs.costs.crowd import Crowd
from jobs.verify.rows.registry import Registry, Word
from schemas.keyring import Keyring
from schemas.policies import Policies
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.retention import FORTNIGHT, format_hour, microseconds
from schemas.settings import RegionSettings, Settings
from schemas.tables import STREAMED, Table
from storage.log import entry_key
from storage.parquet import encode
from storage.receipts import Receipt

DAYS = 13
ROBOTS = 20
VENDORS = ("360-robot-vacuum", "smarock")
FILES_AN_ENTRY = 2

_REGISTERED = timedelta(days=100)
_COUNTRIES = {"eu": "DE", "us": "US"}
_CONSENTS = ("telemetry", "maps", "history", "location")
_ROWS: Mapping[str, int] = {"telemetry": 20, "map_tiles": 1, "cleaning_history": 1}
"""Of a robot in a file."""


@dataclass(frozen=True, slots=True)
class Fortnight:
    """What is made up.

    Attributes:
        now: All of it is of the thirteen days before this one.
        files: Data files, in all.
        robots: In a region; each is in every file of it.
    """

    settings: Settings
    keyring: Keyring
    now: datetime
    files: int
    robots: int = ROBOTS

    def registry(self) -> Registry:
        """Every robot's registration, from long before."""
        said = microseconds(self.now - _REGISTERED)
        robots = [one for place in self.settings.regions for one in self._robots(place)]
        words = enumerate(map(msgspec.json.encode, robots))
        return Registry.of(
            Word(number, said, robot["device"].encode(), text)
            for robot, (number, text) in zip(robots, words, strict=True)
        )

    def crowds(self) -> Iterator[Crowd]:
        """Every object, with its bytes."""
        kinds = [(place, table) for place in self.settings.regions for table in STREAMED.values()]
        days = [self.now - timedelta(days=1 + number) for number in range(DAYS)]
        share = -(-self.files // (len(kinds) * DAYS))
        left = self.files
        for place, table in kinds:
            for number, day in enumerate(days):
                count = min(share, left)
                left -= count
                if count:
                    yield self._files(place, table, (number, day), count)
            yield _log(place, table, share * DAYS // FILES_AN_ENTRY)

    def _files(
        self, place: RegionSettings, table: Table, of: tuple[int, datetime], count: int
    ) -> Crowd:
        number, day = of
        begin = day.replace(hour=0, minute=0, second=0, microsecond=0)
        folder = f"{table.name}/date={begin:%Y-%m-%d}/expires={format_hour(begin + FORTNIGHT)}"
        names = range(number * self.files, number * self.files + count)
        data = encode(self._rows(place, table, begin), table)
        keys = [f"{folder}/{name:032x}.parquet" for name in names]
        return Crowd(place.bucket, place.location, data, keys)

    def _rows(self, place: RegionSettings, table: Table, begin: datetime) -> pa.RecordBatch:
        rows = [
            row | {"offset": number, "partition": index % 6}
            for index, robot in enumerate(self._robots(place))
            for number, row in enumerate(self._says(place, table, robot, begin))
        ]
        rows.sort(key=lambda row: [row[name] for name in table.sort])
        return pa.RecordBatch.from_pylist(rows, table.schema)

    def _says(
        self, place: RegionSettings, table: Table, robot: Mapping[str, Any], begin: datetime
    ) -> Iterator[dict[str, Any]]:
        key = self.keyring.current(place.region)
        named = {
            domain.value: pseudonyms([robot["device"]], domain_key(key.secret, domain), 1)[0]
            for domain in (Domain.DEVICE, Domain.SESSION, Domain.MAP)
        }
        about = {name: robot[name] for name in ("vendor", "model", "country")}
        for number in range(_ROWS[table.name]):
            at = begin + timedelta(minutes=30, seconds=number)
            times = {"event_time": at, "ingest_time": at, "started": at, "version": number}
            whose = {**about, **named, "key_version": 1, "clock_believed": True, "topic_id": "AAAA"}
            yield {**_SAID[table.name], **whose, **times, "fault_kind": _fault(number)}

    def _robots(self, place: RegionSettings) -> list[dict[str, Any]]:
        consents = [{"name": name, "granted": True, "since": 0} for name in _CONSENTS]
        return [
            {
                "device": f"SN-{place.region}-{number:08}",
                "vendor": VENDORS[number % len(VENDORS)],
                "model": "X1",
                "country": _COUNTRIES[place.region],
                "account": f"owner-{place.region}-{number:08}",
                "bound_since": 0,
                "consents": consents,
            }
            for number in range(self.robots)
        ]


def _fault(number: int) -> str:
    return "none" if number else "transient"


_SAID: Mapping[str, Mapping[str, Any]] = {
    "telemetry": {"status": "cleaning", "area": 90_000, "duration": 600, "firmware": "4.1.2"},
    "map_tiles": {
        "tile_x": 0,
        "tile_y": 0,
        "encoding": "raw",
        "cells": bytes([0, 1, 2, 1] * 1024),
        "pixel_size": 5,
        "fault": "motors",
    },
    "cleaning_history": {"mode": "all", "result": "finished", "area": 90_000, "duration": 600},
}


def _log(place: RegionSettings, table: Table, versions: int) -> Crowd:
    """Entries that say by which policies rows were let in; they name no file, nobody looks."""
    receipt = Receipt(policies=Policies.shipped().versions, key_version=1, routing_version=1)
    entry = msgspec.json.encode({"commitInfo": {"timestamp": 0, "receipt": receipt.format()}})
    keys = [entry_key(table.name, version) for version in range(max(versions, 1))]
    return Crowd(place.bucket, place.location, entry, keys)
