"""Where to go on after an assignment: the destinations' logs say, Kafka's group offsets do not.

A partition is read only once every destination knows it. Until its store answers, a topic stays
paused while the others go on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from faust.types import TP

from schemas.lineage import Partition
from streams.kafka.transport.consumer import Consumer
from streams.sink.work import Start

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
Versions = Mapping[str, int | None]
"""Destination -> last offset that its log holds; None where it does not know the partition."""


class Sink(Protocol):
    """What is needed of a topic's sink."""

    def load(self, partitions: Sequence[Partition]) -> Mapping[Partition, Versions]:
        """What every destination holds; blocks."""

    def pin(self, starts: Mapping[Partition, int], destination: str) -> None:
        """Make a destination hold everything below each start; blocks."""

    def assign(self, starts: Mapping[Partition, Start]) -> None:
        """Own exactly these partitions."""


class Insist(Protocol):
    """Tries until it works, or the worker ends."""

    async def __call__(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """The result of the first try that nothing went wrong with."""


def first_offset(versions: Versions, log_start: int) -> int:
    """The first offset that some destination does not hold.

    Args:
        versions: By destination.
        log_start: Where to begin when no destination knows the partition.
    """
    return min((one for one in versions.values() if one is not None), default=log_start - 1) + 1


def to_pin(
    versions: Mapping[Partition, Versions], starts: Mapping[Partition, int]
) -> dict[str, dict[Partition, int]]:
    """Destination -> start of each partition that it does not know yet."""
    pins: dict[str, dict[Partition, int]] = {}
    for partition, known in versions.items():
        for destination, version in known.items():
            if version is None:
                pins.setdefault(destination, {})[partition] = starts[partition]
    return pins


class Positions:
    """Takes up what is assigned, a topic at a time; lets go at once what is revoked.

    Args:
        consumer: Whose partitions they are.
        sinks: Topic -> its sink.
        verify: Blocks; raises if a topic is no longer the one it was.
        insist: See there.
        crash: Told when a topic cannot be taken up.
    """

    def __init__(
        self,
        consumer: Consumer,
        sinks: Mapping[str, Sink],
        *,
        verify: Callable[[], None],
        insist: Insist,
        crash: Callable[[BaseException], None],
    ) -> None:
        self._consumer = consumer
        self._sinks = sinks
        self._verify = verify
        self._insist = insist
        self._crash = crash
        self._tasks: list[asyncio.Task[None]] = []

    def on_assigned(self, assigned: Collection[TP]) -> None:
        """Forget what was held, and take up what is assigned in the background."""
        self.on_revoked()
        for topic, sink in self._sinks.items():
            sink.assign({})
            if mine := sorted(tp for tp in assigned if tp.topic == topic):
                task = asyncio.ensure_future(self._take_up(sink, mine))
                task.add_done_callback(self._note_end)
                self._tasks.append(task)

    def on_revoked(self) -> None:
        """Stop taking up."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash(error)

    async def _take_up(self, sink: Sink, tps: Sequence[TP]) -> None:
        partitions = {tp: self._consumer.partition(tp) for tp in tps}
        starts = await self._insist(lambda: self._starts(sink, partitions))
        offsets = {tp: starts[partition].offset for tp, partition in partitions.items()}
        logger.info("going on: %s", _shown(offsets.items()))
        await self._report(offsets)
        await self._consumer.take_up(offsets, begin=lambda: sink.assign(starts))

    async def _starts(
        self, sink: Sink, partitions: Mapping[TP, Partition]
    ) -> dict[Partition, Start]:
        """Where every destination stands, after pinning what it does not know.

        Raises:
            RetryableError: A destination or Kafka does not answer: safe to try again.
        """
        await asyncio.to_thread(self._verify)
        versions = await asyncio.to_thread(sink.load, list(partitions.values()))
        log_starts = await self._log_starts(partitions, versions)
        firsts = {
            one: first_offset(known, log_starts.get(one, 0)) for one, known in versions.items()
        }
        for destination, pins in to_pin(versions, firsts).items():
            await asyncio.to_thread(sink.pin, pins, destination)
        if to_pin(versions, firsts):  # somebody else may have pinned at another offset: look again
            return await self._starts(sink, partitions)
        return {
            partition: Start(
                {name: version for name, version in known.items() if version is not None},
                firsts[partition],
            )
            for partition, known in versions.items()
        }

    async def _log_starts(
        self, partitions: Mapping[TP, Partition], versions: Mapping[Partition, Versions]
    ) -> dict[Partition, int]:
        """Kafka's oldest offsets of the partitions that no destination knows."""
        new = [tp for tp, one in partitions.items() if not _is_known(versions[one])]
        if not new:
            return {}
        found = await self._consumer.log_starts(new)
        return {partitions[tp]: found[tp] for tp in new}

    async def _report(self, offsets: Mapping[TP, int]) -> None:
        """Say where Kafka's group offsets differ: an operator may believe that a reset helps."""
        found = await self._consumer.group_offsets(offsets.keys())
        differing = [(tp, at) for tp, at in found.items() if at is not None and at != offsets[tp]]
        if differing:
            logger.warning(
                "the group's offsets are for displays and ignored: %s", _shown(differing)
            )


def _is_known(versions: Versions) -> bool:
    return any(version is not None for version in versions.values())


def _shown(offsets: Iterable[tuple[TP, int]]) -> str:
    return ", ".join(f"{tp.topic}:{tp.partition}@{offset}" for tp, offset in sorted(offsets))
