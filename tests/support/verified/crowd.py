"""Robots whose rows a load writes: registered, named and allowed so that every promise is kept.

Rows are late ones, a week old when they come, so that their hours are closed already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from support.configured import assured, entry
from support.holding import Bucket
from support.tile_rows import rooms
from support.verified.house import LOCATIONS, Robot
from support.wire import EU, wire

from jobs.verify import Scene, open_buckets
from jobs.verify.configuration.collect import collect
from jobs.verify.configuration.state import Books
from jobs.verify.rows.registry import Registry, Word
from jobs.verify.sample import Sampling
from schemas.holds import PLACE
from schemas.keyring import Keyring
from schemas.lineage import Partition, Span
from schemas.policies import Policies
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.settings import RegionSettings, Settings
from schemas.tables import MAP_TILES, Table
from storage.receipts import Receipt, SpanReceipt
from streams.pipeline import Pipeline
from streams.registry import DeviceRecord
from streams.registry import Registry as Known
from streams.stages.admit import Admission
from streams.stages.pseudonymise import RegionKeys

_CAME_AFTER = timedelta(days=8)
MINUTES = 30
"""A crowd's rows are of the first half of an hour, one a minute and again."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Robots of one region, and what verify has to know of them.

    Attributes:
        folder: Their region's bucket and that of its holds are in it.
        began: What the time is, a full hour.
        gone: Numbers of robots whose owners closed their accounts, and were erased, days ago.
    """

    folder: Path
    began: datetime
    robots: tuple[Robot, ...]
    keyring: Keyring
    gone: tuple[int, ...] = ()
    _known: Known = field(default_factory=Known)

    @classmethod
    def build(cls, folder: Path, began: datetime, vendor: str, count: int) -> "Crowd":
        """So many robots of a maker, and nothing of them."""
        since = began - timedelta(days=200)
        robots = tuple(
            Robot(f"SN-CROWD-{n:04}", vendor, "DE", bound_since=since) for n in range(count)
        )
        crowd = cls(folder, began, robots, Keyring.generate((EU,)))
        records = [DeviceRecord(n, *said) for n, said in enumerate(crowd._words())]
        crowd._known.apply(records, len(records))
        return crowd

    @property
    def rows_in(self) -> Path:
        """The bucket of its rows."""
        return self.folder / EU

    @property
    def holds(self) -> Bucket:
        """The bucket of its holds."""
        return Bucket.build(self.folder / "holds")

    def name(self, number: int) -> str:
        """A robot's pseudonym."""
        key = self.keyring.current(EU)
        secret = domain_key(key.secret, Domain.DEVICE)
        return pseudonyms([self.robots[number].serial], secret, key.version)[0]

    def without(self, number: int) -> "Crowd":
        """The same, and a robot's owner is gone, long enough that nothing may be left."""
        return replace(self, gone=(*self.gone, number))

    def pipeline(self, table: Table) -> Pipeline:
        """What makes rows of what it says."""
        admission = Admission(self._known, Residency.shipped(), (EU,), timedelta(days=9))
        return Pipeline(table, admission, [RegionKeys.current(self.keyring, EU)])

    def say(self, pipeline: Pipeline, offsets: range, *, hour: datetime, who: int) -> pa.Table:
        """What the first `who` robots send in turns, within an hour: a row an offset."""
        records = [
            {"device": self.robots[offset % who].serial, "event_time": _event(hour, offset), **said}
            for offset, said in zip(offsets, _said(pipeline.table, offsets), strict=True)
        ]
        came, partition = microseconds(hour + _CAME_AFTER), partition_of(pipeline.table)
        chunk = wire(records, first=offsets[0], time=came, partition=partition)
        finished = pipeline.finish(partition, [pipeline.collect(chunk)])
        rows = pa.Table.from_batches(finished.rows[EU].values())
        assert rows["offset"].to_pylist() == [*offsets]
        return rows

    def scene(self, now: datetime, *, hold: str) -> Scene:
        """What verify is given, all files to be opened.

        Args:
            now: By every clock.
            hold: Name of the one that lasts, as the ledger tells.
        """
        places = RegionSettings(EU, f"file:{self.rows_in}", LOCATIONS[EU])
        held = RegionSettings(EU, f"file:{self.folder / 'holds'}", LOCATIONS[EU])
        settings = Settings(regions=(places,), holds=(held,))
        words = [Word(n, at, key, value) for n, (at, key, value) in enumerate(self._words())]
        scene = Scene(
            settings=settings,
            policies=Policies.shipped(),
            residency=Residency.shipped(),
            buckets=open_buckets(settings, now),
            keyring=self.keyring,
            registry=Registry.of(words),
            now=now,
            sampling=Sampling(deep=True),
        )
        return replace(scene, configured=replace(collect(scene), books=(self._books(hold),)))

    def _books(self, hold: str) -> Books:
        review = (self.began + timedelta(days=90)).date().isoformat()
        scope = {"hold": hold, "ground": "dispute", "review": review}
        entries = (*assured(self.began), entry(PLACE, self.began, scope=scope))
        return Books(region=EU, entries=entries, anchored=self.began, since=self.began)

    def _words(self) -> Iterator[tuple[int, bytes, bytes | None]]:
        """(time, key, value) of `fleet.devices`."""
        for robot in self.robots:
            key, value, at = robot.word(self.began - timedelta(days=100))
            yield microseconds(at), key, value
        since = microseconds(self.began - timedelta(days=3))
        for serial in (self.robots[number].serial for number in self.gone):
            mark = msgspec.json.encode({"device": serial, "erased": since})
            yield since, f"mark/{serial}".encode(), mark
            yield since, serial.encode(), None


def partition_of(table: Table) -> Partition:
    """The only one of its topic."""
    return Partition(table.topic, "AAAA", 0)


def receipt_of(table: Table, offsets: range, vendor: str) -> Receipt:
    """What the sink would say of such rows."""
    n, span = len(offsets), Span(offsets[0], offsets[-1])
    told = SpanReceipt(partition_of(table), span, n, {f"stored/{EU}": n}, {vendor: n})
    return Receipt((told,), Policies.shipped().versions, 1, 1, "w", n)


def _event(hour: datetime, offset: int) -> int:
    return microseconds(hour + timedelta(minutes=offset % MINUTES))


def _said(table: Table, offsets: range) -> Iterator[Mapping[str, Any]]:
    """What is in their records beside whose they are, and when."""
    if table is not MAP_TILES:
        yield from [{"status": "cleaning"}] * len(offsets)
        return
    dice = np.random.default_rng(offsets[0])
    for offset, cells in zip(offsets, rooms(len(offsets), dice), strict=True):
        x, y = dice.integers(-2, 3, 2).tolist()
        place = {"map": "home", "tile_x": x, "tile_y": y, "version": offset}
        yield {**place, "encoding": "raw", "cells": cells.tobytes()}
