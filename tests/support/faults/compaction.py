"""A table under load: a writer, an eraser, expiry and the sweeper beside compactors of their own.

A hold is on one robot's rows, so whoever erases or expires copies those before. Another's owner
leaves: its rows are all taken out, and it sends no more.

Functions here are the main functions of processes of their own, forked by a server that only
imported what they need (the log's library does not survive a fork once it was used).
"""

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
from support.forked import server
from support.verified.crowd import MINUTES, Crowd, partition_of, receipt_of
from support.verified.house import QIHOO, SMAROCK
from support.wire import EU

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.rewriting import Search, Selection, take_out
from jobs.subjects.searching import until_nothing
from jobs.sweep import GRACE, clock_of, sweep
from schemas.errors import RetryableError
from schemas.retention import FORTNIGHT
from schemas.tables import TABLES
from storage.directory import DirectoryStore
from storage.holds import put_sign
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from streams.pipeline import Pipeline

STAYING = 5
"""Robots that send all the time, the first of the crowd; `HELD` is one of them."""
HELD, LEAVING = 0, STAYING
HOLD = "H-1"
VENDORS = {"telemetry": SMAROCK, "map_tiles": QIHOO}
"""Whose robots they are: the other's may not have the table, or seldom."""
ORPHAN_AGE = timedelta(minutes=2)
_ROWS = 20
_PATIENCE = 300.0
"""Seconds for what takes a moment."""
_HOURS = 24, 25
"""When the folders that are written to under load expire, hours from the beginning."""
"""All that this module imports: once, and not in each process anew."""


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


def compactors(folder: str, table: str, count: int = 1, *, pause: float = 0) -> list[Any]:
    """Processes that compact, and have begun."""
    forks = server()
    begun = [forks.Event() for _ in range(count)]
    processes = [
        forks.Process(target=keep_compacting, args=(folder, table, pause, ready), daemon=True)
        for ready in begun
    ]
    for process in processes:
        process.start()
    for process, ready in zip(processes, begun, strict=True):
        while not ready.wait(1):
            assert process.is_alive()
    return processes


@dataclass(slots=True)
class Writer:
    """Commits files of a crowd's next rows.

    Attributes:
        folders: Folder -> the offsets of its rows.
        held: Offsets of the rows that the hold is on.
    """

    crowd: Crowd
    destination: Destination
    pipeline: Pipeline
    folders: dict[str, set[int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    _next: int = 0

    @classmethod
    def build(cls, crowd: Crowd, table: str) -> "Writer":
        """One that has pinned the partition, and written nothing."""
        destination = destination_in(str(crowd.rows_in), table)
        name = partition_of(destination.table).application_id
        destination.versions([name])
        destination.append([], {name: -1})
        return cls(crowd, destination, crowd.pipeline(destination.table))

    def write(self, *, hours: int, n: int, who: int = STAYING) -> None:
        """Commit a file of n rows of the first `who` robots, to be gone so many hours from now."""
        table, offsets = self.destination.table, range(self._next, self._next + n)
        hour = self.crowd.began + timedelta(hours=hours)
        path = DataPath((hour - FORTNIGHT).date(), hour, uuid4())
        rows = self.crowd.say(self.pipeline, offsets, hour=hour - FORTNIGHT, who=who)
        self.held |= {offset for offset in offsets if offset % who == HELD}
        data = encode(rows, table)
        self.destination.store.put(object_key(table.name, path), data)
        self.folders.setdefault(str(path).rpartition("/")[0], set()).update(offsets)
        self._commit(describe(rows, data, path, wall_clock()), offsets)
        self._next += n

    def _commit(self, file: DataFile, offsets: range) -> None:
        table = self.destination.table
        name, last = partition_of(table).application_id, offsets[-1]
        while self.destination.versions([name])[name] != last:
            try:
                self.destination.append(
                    [file], {name: last}, receipt_of(table, offsets, VENDORS[table.name])
                )
            except RetryableError:
                continue


@dataclass(slots=True)
class Load:
    """Threads that change a table all the time.

    Attributes:
        crowd: Whose rows they are. The first folder expires an hour after it began, so compaction
            and the writer leave it alone; the others a day later.
        erased: Path of a file -> the offsets that were erased when it was taken away.
        left: When all rows of the robot that leaves are out of the table.
    """

    crowd: Crowd
    table: str
    writer: Writer
    erased: dict[str, set[int]] = field(default_factory=dict)
    left: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def build(cls, folder: Path, table: str) -> "Load":
        """Place the hold, write something of all robots into a new table, and compact it."""
        began = wall_clock().replace(minute=0, second=0, microsecond=0)
        crowd, dice = Crowd.build(folder, began, VENDORS[table], STAYING + 1), random.Random(0)  # noqa: S311 - chaos
        crowd.holds.hold(HOLD, devices=((crowd.name(HELD),),), tables=(TABLES[table],))
        destination = destination_in(str(crowd.rows_in), table)
        put_sign(destination.store, HOLD)
        destination.create()
        writer = Writer.build(crowd, table)
        for hours in (*[1] * 10, *_HOURS):
            writer.write(hours=hours, n=dice.randint(_ROWS // 2, _ROWS), who=STAYING + 1)
        early = began - timedelta(hours=2)
        compact(destination, lambda: early, timedelta(days=9), Shard())
        return cls(crowd, table, writer)

    @property
    def folder(self) -> str:
        """Where the table lies."""
        return str(self.crowd.rows_in)

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
        gone |= {offset for folder in expired for offset in self.writer.folders[folder]}
        return [offset for offset in range(end + 1) if offset not in gone]

    def has_left(self) -> None:
        """Wait until the robot that leaves is out of the table, and take its rows from orphans.

        Whoever compacts what was there before must be dead by now, and put nothing any more.
        """
        assert self.left.wait(_PATIENCE)
        self.search_for(LEAVING)

    def search_for(self, robot: int) -> None:
        """Search for rows of a robot that was erased, and delete orphans that have some."""
        search = Search(destination_in(self.folder, self.table), self.all_of(robot))
        until_nothing([search], lambda: None)

    def erase(self, destination: Destination, some: Selection) -> bool:
        """Take rows out of all files, whichever tier they are of; whether nobody was in the way."""
        keep = self.crowd.holds.keeper.before(destination)

        def first(path: DataPath, rows: pa.Table) -> None:
            self.erased[str(path)] = set(rows["offset"].to_pylist())
            keep(path, rows)

        return _patiently(
            lambda: take_out(destination, some, reason="erase", clock=wall_clock, first=first)
        )

    def all_of(self, robot: int) -> Selection:
        """Every row of a robot."""
        return Selection(frozenset({self.crowd.name(robot)}))

    def expire(self, destination: Destination, now: datetime) -> None:
        """Drop what is due; what is held is copied before."""
        expire(destination, now, self.crowd.holds.keeper.keep_files)

    def _write(self, destination: Destination, dice: random.Random) -> None:
        """Commit a file of the next rows."""
        del destination
        self.writer.write(hours=dice.choice(_HOURS), n=dice.randint(1, _ROWS))

    def _erase(self, destination: Destination, dice: random.Random) -> None:
        """Take out all of who leaves; then now and then some rows of others."""
        if not self.left.is_set():
            if self.erase(destination, self.all_of(LEAVING)):
                self.left.set()
        elif dice.random() > 0.8:
            hour = self.crowd.began + timedelta(hours=dice.choice(_HOURS)) - FORTNIGHT
            before = hour + timedelta(minutes=dice.randrange(MINUTES // 3))
            robot = self.crowd.name(dice.randrange(STAYING))
            self.erase(destination, Selection(frozenset({robot}), before))

    def _expire(self, destination: Destination, dice: random.Random) -> None:
        """Drop the first folder, an hour too early."""
        if dice.random() < 0.2:
            _patiently(lambda: self.expire(destination, self.crowd.began + timedelta(hours=1)))

    def _sweep(self, destination: Destination, dice: random.Random) -> None:
        """Delete what compaction took away without any grace, and orphans after two minutes."""
        if dice.random() < 0.2:
            now = clock_of(destination.store) + GRACE
            _patiently(lambda: sweep(destination, age=GRACE + ORPHAN_AGE, now=now))


def _patiently(job: Callable[[], object]) -> bool:
    """Do it; whether nobody was in the way."""
    try:
        job()
    except RetryableError:
        return False
    return True
