"""A table under load: a writer, an eraser, expiry and the sweeper beside compactors of their own.

A hold is on one device's rows, so whoever erases or expires copies those before.

Functions here are the main functions of processes of their own, forked by a server that only
imported what they need (the log's library does not survive a fork once it was used).
"""

import multiprocessing
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from support.faults.rig import wall_clock
from support.holding import HELD, Bucket
from support.rows import NOW, pseudonym, rows_of
from support.tile_rows import tile_rows
from support.wire import EU

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.rewriting import Selection, take_out
from jobs.sweep import GRACE, clock_of, sweep
from schemas.errors import RetryableError
from schemas.lineage import Partition, Span
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES, TABLES
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import describe, encode
from storage.receipts import Receipt, SpanReceipt

DEVICES = 5
ORPHAN_AGE = timedelta(minutes=2)
_ROWS = 20
_PRELOADED = ["polars", "jobs.compact", "jobs.expire", "jobs.sweep", "streams.sink"]


def destination_in(folder: str, table: str) -> Destination:
    """The table, for one process."""
    return Destination(TABLES[table], EU, DirectoryStore(Path(folder)))


class SlowStore(DirectoryStore):
    """Takes its time for each put, so that more can happen before a commit."""

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Put, and wait a little."""
        etag = super().put(key, data, only_if_absent=only_if_absent)
        time.sleep(random.random() * 0.2)  # noqa: S311 - chaos
        return etag


def keep_compacting(folder: str, table: str, pause: float, ready: Any) -> None:  # noqa: ANN401 - an event
    """Compact for ever; to be killed."""
    destination = Destination(TABLES[table], EU, SlowStore(Path(folder)))
    ready.set()
    while True:
        _patiently(lambda: compact(destination, wall_clock, timedelta(days=9), Shard()))
        time.sleep(pause)


def compactor(folder: str, table: str, *, pause: float = 0) -> Any:  # noqa: ANN401 - of a context
    """A process that compacts, and has begun."""
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(_PRELOADED)  # installed ones: it knows no other folder
    ready = server.Event()
    arguments = (folder, table, pause, ready)
    process = server.Process(target=keep_compacting, args=arguments, daemon=True)
    process.start()
    ready.wait()
    return process


@dataclass(slots=True)
class Load:
    """Threads that change a table all the time.

    Attributes:
        began: Of the run, a full hour; the first folder is over an hour later, so compaction and
            the writer leave it alone, and the others a day later.
        folders: Folder -> the offsets of its rows.
        erased: Path of a file -> the offsets that were erased when it was taken away.
        held: Offsets of the rows that the hold is on.
    """

    folder: str
    table: str
    began: datetime
    folders: dict[str, set[int]] = field(default_factory=dict)
    erased: dict[str, set[int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _next: int = 0

    @property
    def bucket(self) -> Bucket:
        """Where held rows are copied to."""
        return Bucket.build(Path(self.folder, "holds"))

    def fill_first(self) -> None:
        """Place the hold, pin the partition, write the first folder, and compact it."""
        self.bucket.hold(tables=(TABLES[self.table],))
        destination, dice = destination_in(self.folder, self.table), random.Random(0)  # noqa: S311 - chaos
        name = Partition(destination.table.topic, "AAAA", 0).application_id
        destination.versions([name])
        destination.append([], {name: -1})
        for _ in range(10):
            self._write_into(destination, dice, hours=1)
        early = self.began - timedelta(hours=2)
        compact(destination, lambda: early, timedelta(days=9), Shard())

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Change the table meanwhile.

        Raises:
            Exception: What a thread died of.
        """
        died: list[BaseException] = []

        def guarded(step: Callable[[Destination, random.Random], None], seed: int) -> None:
            destination, dice = destination_in(self.folder, self.table), random.Random(seed)  # noqa: S311 - chaos
            try:
                while not self._stop.wait(dice.random() * 0.1):
                    step(destination, dice)
            except BaseException as error:  # noqa: BLE001 - told below
                died.append(error)

        steps = (self._write, self._erase, self._expire, self._sweep)
        threads = [
            threading.Thread(target=guarded, args=(step, seed)) for seed, step in enumerate(steps)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
        if died:
            raise died[0]

    def expected(self, end: int, erased: set[str], expired: set[str]) -> list[int]:
        """The offsets that a table must hold whose log says this."""
        gone = {offset for path in erased for offset in self.erased[path]}
        gone |= {offset for folder in expired for offset in self.folders[folder]}
        return [offset for offset in range(end + 1) if offset not in gone]

    def _write(self, destination: Destination, dice: random.Random) -> None:
        """Commit a file of the next rows."""
        self._write_into(destination, dice, hours=dice.choice([24, 25]))

    def _write_into(self, destination: Destination, dice: random.Random, *, hours: int) -> None:
        n = dice.randint(1, _ROWS)
        offsets = range(self._next, self._next + n)
        hour = self.began + timedelta(hours=hours)
        path = DataPath((hour - FORTNIGHT).date(), hour, uuid4())
        rows = self._rows(destination, n, offsets)
        self.held |= {one["offset"] for one in _told(rows) if one["device"] == HELD}
        data = encode(rows, destination.table)
        destination.store.put(object_key(self.table, path), data)
        self.folders.setdefault(str(path).rpartition("/")[0], set()).update(offsets)
        partition = Partition(destination.table.topic, "AAAA", 0)
        name, last = partition.application_id, offsets[-1]
        span = SpanReceipt(partition, Span(offsets[0], last), n, {"stored/eu": n})
        file = describe(rows, data, path, wall_clock())
        while destination.versions([name])[name] != last:
            try:
                destination.append([file], {name: last}, Receipt((span,), rows=n))
            except RetryableError:
                continue
        self._next += n

    def _rows(self, destination: Destination, n: int, offsets: range) -> pa.Table:
        lineage: dict[str, Any] = {
            "offset": offsets,
            "partition": [0] * n,
            "topic_id": ["AAAA"] * n,
            "ingest_time": [wall_clock()] * n,
        }
        if destination.table is MAP_TILES:
            return tile_rows(n, devices=DEVICES, seed=offsets[0], **lineage)
        devices = [pseudonym(1 + offset % DEVICES) for offset in offsets]
        return rows_of(destination.table, n, seed=offsets[0], device=devices, **lineage)

    def _erase(self, destination: Destination, dice: random.Random) -> None:
        """Take some rows of a device out of all files, whichever tier they are of."""
        if dice.random() < 0.8:
            return
        keep = self.bucket.keeper.before(destination)

        def first(path: DataPath, rows: pa.Table) -> None:
            self.erased[str(path)] = set(rows["offset"].to_pylist())
            keep(path, rows)

        device = pseudonym(1 + dice.randrange(DEVICES))
        some = Selection(frozenset({device}), NOW + timedelta(minutes=dice.randrange(10)))
        _patiently(
            lambda: take_out(destination, some, reason="erase", clock=wall_clock, first=first)
        )

    def _expire(self, destination: Destination, dice: random.Random) -> None:
        """Drop the first folder, an hour too early."""
        if dice.random() < 0.3:
            _patiently(lambda: self.expire(destination, self.began + timedelta(hours=1)))

    def expire(self, destination: Destination, now: datetime) -> None:
        """Drop what is due; what is held is copied before."""
        expire(destination, now, self.bucket.keeper.keep_files)

    def _sweep(self, destination: Destination, dice: random.Random) -> None:
        """Delete what compaction took away without any grace, and orphans after two minutes."""
        if dice.random() < 0.5:
            now = clock_of(destination.store) + GRACE
            _patiently(lambda: sweep(destination, age=GRACE + ORPHAN_AGE, now=now))


def _told(rows: pa.Table) -> list[dict[str, Any]]:
    return rows.select(["device", "offset"]).to_pylist()  # type: ignore[no-any-return]


def _patiently(job: Callable[[], object]) -> None:
    try:
        job()
    except RetryableError:
        return
