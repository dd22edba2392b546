"""Processes that each believe to own every partition for ever, and others that rewrite tables.

Functions here are the main functions of processes of their own (spawned: the log's library does
not survive a fork).
"""

import asyncio
import json
import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from support.faults.rig import Place, Source, registry_of, sink_on, take_up, wall_clock

from schemas.errors import RetryableError
from schemas.lineage import Partition
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from streams.sink import Sink
from streams.sink.delivery import Delivery
from streams.sink.work import Share

SWEEP_PAUSE = 0.2


class Believer(Delivery):
    """No compare-and-set: whatever the log holds, it commits what it has."""

    def _compare(self, todo: Sequence[Share]) -> bool:
        self.destination.versions([share.partition.application_id for share in todo])
        return True


@dataclass(slots=True)
class Zombie:
    """A worker that nobody can tell that it lost its partitions.

    Attributes:
        seed: Of what it commits when.
        most: Records of a partition in one flush, at most.
    """

    place: Place
    source: Source
    seed: int
    seconds: float
    kind: type[Delivery] = Delivery
    most: int = 40

    def __call__(self) -> None:
        """Commit random spans until the time is over."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        dice = random.Random(self.seed)  # noqa: S311 - chaos that can be repeated
        fleet = [(1, one) for one in self.source.fleet.registrations()]
        sink = sink_on(self.place, registry_of(fleet), kind=self.kind)
        partitions = self.source.all()
        reached: dict[Partition, int] = {}
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            if not reached or dice.random() < 0.2:
                reached = _insist(lambda: take_up(sink, partitions))
            some = dice.sample(partitions, dice.randint(1, len(partitions)))
            await self._flush(sink, reached, some, dice)
            if dice.random() < 0.3:
                await asyncio.sleep(dice.random() * 0.1)

    async def _flush(
        self, sink: Sink, reached: dict[Partition, int], some: list[Partition], dice: random.Random
    ) -> None:
        for partition in some:
            first = reached[partition]
            reached[partition] = first + dice.randint(1, self.most)
            chunk = self.source.chunk(partition, first, reached[partition])
            missing = await sink.add(chunk, lambda: None)
            if missing is not None:
                raise AssertionError(f"{partition}: the sink misses {missing} before {first}")
        await sink.drain()
        if sink.failed is not None:
            raise sink.failed


@dataclass(slots=True)
class Rewriter:
    """Compacts files, and drops folders as expiry does; notes what it dropped.

    Attributes:
        ledger: File of what it dropped, a line a drop: destination and rows.
    """

    place: Place
    ledger: Path
    seconds: float
    seed: int = 0

    def __call__(self) -> None:
        """Rewrite until the time is over."""
        dice = random.Random(self.seed)  # noqa: S311 - chaos that can be repeated
        destinations = self.place.destinations()
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            name = dice.choice(sorted(destinations))
            try:
                if dice.random() < 0.8:
                    compact(destinations[name], dice)
                else:
                    self._drop(destinations[name], dice)
            except RetryableError:
                continue
            finally:
                time.sleep(dice.random() * 0.2)

    def _drop(self, destination: Destination, dice: random.Random) -> None:
        live = destination.live()
        if not live:
            return
        folder = dice.choice(live).path.expires
        doomed = [file for file in live if file.path.expires == folder][:5]
        destination.replace(doomed, [], reason="expired", now=wall_clock())
        with self.ledger.open("a", encoding="utf-8") as ledger:
            paths = [str(file.path) for file in doomed]
            ledger.write(json.dumps({"table": str(destination), "files": paths}) + "\n")


def compact(destination: Destination, dice: random.Random) -> None:
    """Write some files of one folder as one file."""
    live = destination.live()
    if not live:
        return
    chosen = dice.choice(live).path
    files = [f for f in live if (f.path.date, f.path.expires) == (chosen.date, chosen.expires)][:8]
    if len(files) < 2:
        return
    table, store = destination.table, destination.store
    rows = pa.concat_tables([_read(destination, file) for file in files])
    path = DataPath(chosen.date, chosen.expires, uuid4())
    data = encode(rows, table)
    store.put(object_key(table.name, path), data)
    new = describe(rows, data, path, wall_clock())
    destination.replace(files, [new], reason="compacted", now=wall_clock())


def _read(destination: Destination, file: DataFile) -> pa.Table:
    data = destination.store.get(object_key(destination.table.name, file.path))
    return pq.read_table(pa.BufferReader(data))


@dataclass(slots=True)
class Sweeper:
    """Removes files that no log entry names, without asking how old they are.

    Attributes:
        age: How old an orphan has to be; zero is the mistake that it is here to show.
    """

    place: Place
    seconds: float
    age: timedelta = timedelta(0)

    def __call__(self) -> None:
        """Sweep until the time is over."""
        ends = time.monotonic() + self.seconds
        while time.monotonic() < ends:
            for destination in self.place.destinations().values():
                self._sweep(destination)

    def _sweep(self, destination: Destination) -> None:
        prefix = f"{destination.table.name}/date="
        live = {object_key(destination.table.name, file.path) for file in destination.live()}
        horizon = wall_clock() - self.age
        there = [one.key for one in destination.store.list(prefix) if one.modified <= horizon]
        time.sleep(SWEEP_PAUSE)  # a bucket of millions takes its time
        destination.store.delete(set(there) - live)


@dataclass(slots=True)
class Crowd:
    """Runs processes at once, and tells if one of them failed."""

    mains: Sequence[Callable[[], None]]
    _processes: list[Any] = field(default_factory=list)

    def run(self, meanwhile: Callable[[], object]) -> None:
        """Start them, and do something again and again until they end.

        Raises:
            AssertionError: One of them ended with an error.
        """
        with self._started():
            while any(process.is_alive() for process in self._processes):
                meanwhile()
                time.sleep(0.2)
        failed = [process.exitcode for process in self._processes if process.exitcode]
        assert not failed, f"processes ended with {failed}"

    @contextmanager
    def _started(self) -> Any:  # noqa: ANN401 - a generator's, for contextmanager
        spawn = multiprocessing.get_context("spawn")
        together = spawn.Barrier(len(self.mains))
        self._processes = [
            spawn.Process(target=_main, args=(main, together)) for main in self.mains
        ]
        try:
            for process in self._processes:
                process.start()
            yield
        finally:
            for process in self._processes:
                process.join(60)
                process.kill()


def _main(main: Callable[[], None], together: Barrier) -> None:
    """Begin when all are there, also where a slow machine takes its time to start them."""
    together.wait(300)
    main()


def _insist(attempt: Callable[[], dict[Partition, int]]) -> dict[Partition, int]:
    """Pins of several zombies may refuse each other."""
    while True:
        try:
            return attempt()
        except RetryableError:
            continue
