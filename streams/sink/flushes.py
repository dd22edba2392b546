"""Nothing lost, nothing twice: chunks in, flushes out, positions in the destinations' own logs.

A sink belongs to one topic. Chunks are decoded and collected as they come; by rows or period a
flush takes what was collected, judges it under a registry that knows everything up to then, and
makes it durable in every destination at once, also where a region got no rows, so that positions
move together. Only then are the chunks acknowledged; Kafka's group offsets are for displays.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from schemas.batches import WireBatch
from schemas.lineage import Partition
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from streams.pipeline import Collected, Pipeline
from streams.sink.budget import Budget
from streams.sink.dead_letters import dead_letters, rejected_offsets
from streams.sink.delivery import AbandonedError, Delivery, Step
from streams.sink.limits import RejectionLimit, RejectionState
from streams.sink.work import Acknowledge, Held, Share, Start, Taken

ACCEPTED = "accepted/"
"""Prefix of the application id under which the dead letters' log keeps what was accepted."""

Barrier = Callable[[], int]
"""Blocks until the registry has applied what `fleet.devices` holds now; returns that offset."""


@dataclass(frozen=True, slots=True)
class FlushRules:
    """What starts a flush, and what forbids it.

    Attributes:
        rows: A flush begins at this many, or
        period: this long after the first chunk, whichever comes first.
        rejected: How much may be rejected before an operator has to look.
    """

    rows: int
    period: timedelta
    rejected: RejectionLimit


@dataclass(slots=True)
class Counts:
    """What a sink did since it began: for metrics and logs.

    Attributes:
        endings: How records ended, as receipts count them.
        seconds: Spent in flushes.
    """

    records: int = 0
    unknown_fields: int = 0
    flushes: int = 0
    rows: int = 0
    seconds: float = 0.0
    endings: Counter[str] = field(default_factory=Counter)


class Sink:
    """The exactly-once sink of one topic; its coroutines belong to one event loop.

    Args:
        deliveries: By the destination's name: a served region's, or the dead letters'.
        budget: Shared by the sinks of a worker.
        step: See `streams.sink.delivery.Step`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        deliveries: Mapping[str, Delivery],
        *,
        barrier: Barrier,
        budget: Budget,
        rules: FlushRules,
        step: Step = lambda _: None,
    ) -> None:
        self.counts = Counts()
        self.failed: BaseException | None = None
        self._pipeline = pipeline
        self._deliveries = deliveries
        self._barrier = barrier
        self._budget = budget
        self._rules = rules
        self._step = step
        self._held: dict[Partition, Held] = {}
        self._rejections: dict[Partition, RejectionState] = {}
        self._opened: float | None = None
        self._flying: asyncio.Task[None] | None = None
        self._cpu = ThreadPoolExecutor(1, thread_name_prefix=f"decode-{pipeline.table.name}")
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix=f"flush-{pipeline.table.name}")
        self._lanes = {
            name: ThreadPoolExecutor(1, thread_name_prefix=f"deliver-{pipeline.table.name}-{name}")
            for name in deliveries
        }

    # -- assignment

    def load(self, partitions: Sequence[Partition]) -> dict[Partition, dict[str, int | None]]:
        """What every destination holds of the partitions; blocks, and may run beside a flush.

        Raises:
            RetryableError: A destination does not answer.
        """
        names = [partition.application_id for partition in partitions]
        found = {
            name: delivery.destination.versions(names)
            for name, delivery in self._deliveries.items()
        }
        self._load_accepted(partitions)
        return {
            partition: {name: found[name][partition.application_id] for name in found}
            for partition in partitions
        }

    def pin(self, starts: Mapping[Partition, int], destination: str) -> None:
        """Make a destination hold everything below a partition's start, before it is read.

        Without it the smallest version would be unknown after a crash. Blocks; pin in every
        destination that holds nothing of the partition.

        Raises:
            RetryableError: It may be pinned or not: load again.
        """
        lake = self._deliveries[destination].destination
        found = lake.versions([partition.application_id for partition in starts])
        moves = {
            partition.application_id: start - 1
            for partition, start in starts.items()
            if found[partition.application_id] is None
        }
        if moves:
            lake.append([], moves)

    def assign(self, starts: Mapping[Partition, Start]) -> None:
        """Own exactly these partitions from now on; what was collected before is forgotten."""
        for held in self._held.values():
            self._budget.give(held.forget())
        self._held = {
            partition: Held.begin(partition, start) for partition, start in starts.items()
        }
        self._opened = None

    # -- collect

    async def add(self, wire: WireBatch, acknowledge: Acknowledge) -> int | None:
        """Collect a chunk; wait while the worker holds too much.

        Returns:
            None when the chunk was taken (or is known already); else the offset that is missing
            before it: fetch from there again, or declare a `hole`.
        """
        await self._budget.room()
        held = self._held.get(wire.partition)
        if held is None:
            return None
        if wire.first > held.next_offset:
            return held.next_offset
        if wire.next_offset <= held.next_offset:
            acknowledge()
            return None
        loop = asyncio.get_running_loop()
        wire = _from(wire, held.next_offset)
        collected = await loop.run_in_executor(self._cpu, self._pipeline.collect, wire)
        if not held.lost:
            self._collect(held, wire, collected, acknowledge)
        return None

    def hole(self, partition: Partition, last: int) -> None:
        """Go on behind what retention took before it was read; the receipt will say so."""
        if held := self._held.get(partition):
            held.skip(last)
            self._opened = self._opened or time.monotonic()

    def tick(self) -> None:
        """Start a flush when one is due; call it often."""
        if self._flying is None and self.failed is None and self._is_due():
            self._flying = asyncio.ensure_future(self._flush())

    async def drain(self) -> None:
        """Flush what is collected and wait for it; returns early when the flush fails."""
        if self._flying is None and self.failed is None and self._news():
            self._flying = asyncio.ensure_future(self._flush())
        if self._flying is not None:
            await asyncio.wait([self._flying])

    @property
    def is_idle(self) -> bool:
        """Whether nothing is collected or in flight."""
        return self._flying is None and not self._news()

    def _collect(
        self, held: Held, wire: WireBatch, collected: Collected, acknowledge: Acknowledge
    ) -> None:
        size = collected.valid.rows.nbytes + sum(len(value or b"") for value in wire.values)
        held.collect(wire, collected, acknowledge, size)
        self._budget.take(size)
        self._opened = self._opened or time.monotonic()
        self.counts.records += len(wire)
        self.counts.unknown_fields += collected.unknown_fields
        self.tick()

    def _news(self) -> list[Held]:
        return [held for held in self._held.values() if held.has_news]

    def _is_due(self) -> bool:
        news = self._news()
        if not news or self._opened is None:
            return False
        waited = time.monotonic() - self._opened
        return (
            waited >= self._rules.period.total_seconds()
            or self._budget.presses(sum(held.byte_size for held in news))
            or sum(held.rows for held in news) >= self._rules.rows
        )

    # -- flush: one in flight, everything that blocks in threads

    async def _flush(self) -> None:
        taken = [held.take() for held in self._news()]
        self._opened = None
        began = time.monotonic()
        try:
            loop = asyncio.get_running_loop()
            shares = await loop.run_in_executor(self._flusher, self._make_durable, taken)
            self._step("acknowledging")
            for one in taken:
                for acknowledge in one.acknowledgements:
                    acknowledge()
            self._count(shares, time.monotonic() - began)
        except AbandonedError:
            pass
        except BaseException as error:  # noqa: BLE001 - the app crashes with it: see `failed`
            self.failed = error
        finally:
            self._budget.give(sum(one.byte_size for one in taken))
            self._flying = None

    def _make_durable(self, taken: Sequence[Taken]) -> list[Share]:
        self._step("taken")
        registry_offset = self._barrier()
        key_versions = self._pipeline.renew()
        shares = [self._share(one, registry_offset, key_versions) for one in taken]
        self._check_rejections(shares)
        self._step("judged")
        flights = [
            self._lanes[name].submit(delivery.deliver, shares)
            for name, delivery in self._deliveries.items()
        ]
        for flight in flights:
            flight.result()
        return shares

    def _share(self, taken: Taken, registry_offset: int, key_versions: Mapping[str, int]) -> Share:
        finished = self._pipeline.finish(taken.held.partition, taken.collected)
        taken.collected.clear()  # else these rows would be held until the flush is over
        letters = dead_letters(taken.held.partition, finished.endings)
        return Share(
            taken.held,
            taken.span,
            taken.offsets,
            {**finished.rows, DEAD_LETTERS.name: letters},
            finished.endings,
            finished.blanked,
            taken.holes,
            registry_offset,
            key_versions,
        )

    def _check_rejections(self, shares: Sequence[Share]) -> None:
        for share in shares:
            state = self._rejections.setdefault(share.partition, RejectionState())
            rejected = rejected_offsets(share.endings)
            state.check(share.partition, share.offsets, rejected, self._rules.rejected)

    def _load_accepted(self, partitions: Sequence[Partition]) -> None:
        log: Destination = self._deliveries[DEAD_LETTERS.name].destination
        names = {one: ACCEPTED + one.application_id for one in partitions}
        accepted = log.versions(names.values())
        for partition, name in names.items():
            self._rejections[partition] = RejectionState(_or_none(accepted[name]))

    def _count(self, shares: Sequence[Share], seconds: float) -> None:
        self.counts.flushes += 1
        self.counts.seconds += seconds
        for share in shares:
            for region, folders in share.rows.items():
                if region != DEAD_LETTERS.name:
                    stored = sum(rows.num_rows for rows in folders.values())
                    self.counts.rows += stored
                    self.counts.endings[f"stored/{region}"] += stored
            for ending in share.endings:
                self.counts.endings[ending.how] += len(ending.offsets)


def _or_none(version: int | None) -> int:
    return -1 if version is None else version


def _from(wire: WireBatch, offset: int) -> WireBatch:
    """The part of a chunk from an offset on."""
    if wire.first >= offset:
        return wire
    skip = int((wire.offsets < offset).sum())
    return WireBatch(
        wire.partition,
        offset,
        wire.next_offset,
        wire.offsets[skip:],
        wire.ingest_times[skip:],
        wire.values[skip:],
        {index - skip: one for index, one in wire.headers.items() if index >= skip},
    )
