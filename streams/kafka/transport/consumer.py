"""Faust's consumer, for chunks: every topic is chunked, and the lake's log says where to go on.

What Faust keeps for records (gaps, read offsets, acknowledged offsets) is left empty here: the
sink sees to it that nothing is missing or comes twice, whatever order chunks come in.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.consumer import ensure_TP
from faust.transport.drivers.aiokafka import Consumer as RecordConsumer
from faust.types import TP, ConsumerMessage

from schemas.batches import WireBatch
from schemas.lineage import Partition
from streams.kafka.topics import KafkaUnavailableError
from streams.kafka.transport.chunks import LOG_APPEND_TIME
from streams.kafka.transport.thread import ConsumerThread

_SOON = 3.0
"""Seconds that a display may cost."""


@dataclass(slots=True)
class Outcome:
    """What became of a chunk; outlives it, so that the chunk's memory is free.

    Attributes:
        next_offset: The group's offset once the chunk, and all before it, are acknowledged.
        acknowledged: It is durable.
        refused: It was not taken, and will be fetched again.
    """

    next_offset: int
    acknowledged: bool = False
    refused: bool = False

    def acknowledge(self) -> None:
        """Say that the chunk is durable."""
        self.acknowledged = True

    def refuse(self) -> None:
        """Say that the chunk was not taken."""
        self.refused = True


def settled_offset(outcomes: deque[Outcome]) -> int | None:
    """The offset behind the longest acknowledged prefix, which is taken off; None if it is empty.

    Refused chunks are passed over: their records come again.
    """
    offset: int | None = None
    while outcomes and (outcomes[0].acknowledged or outcomes[0].refused):
        first = outcomes.popleft()
        offset = offset if first.refused else first.next_offset
    return offset


class ChunkMessage(ConsumerMessage):
    """A chunk on its way through Faust, where it stands for the record of its last offset."""

    def __init__(self, batch: WireBatch, tp: TP, generation: int) -> None:
        self.batch = batch
        self.outcome = Outcome(batch.next_offset)
        last = batch.next_offset - 1
        time = batch.ingest_times[-1] / 1e6 if len(batch) else 0.0
        super().__init__(
            *(tp.topic, tp.partition, last, time, LOG_APPEND_TIME, None, None, None, None, 0, 0),
            tp=tp,
            generation_id=generation,
        )


class _Unread(defaultdict[TP, int | None]):
    """Offsets that Faust has read: it never remembers one, so Faust never drops a chunk."""

    def __init__(self) -> None:
        super().__init__(lambda: None)

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        """Forget."""

    def update(self, *_offsets: object, **_more: object) -> None:
        """Forget."""


class Consumer(RecordConsumer):
    """Delivers chunks; commits the group's offsets behind the longest acknowledged prefix.

    After an assignment nothing is fetched until `take_up` was called for a partition. Chunks are
    acknowledged by their `Outcome`: Faust's own acknowledging is not used.

    Attributes:
        topic_ids: As the topics were described when the worker started.
        drains: Called when partitions are about to go: make durable what is held, in bounded time.
        on_assigned: Called with the assignment once the flow goes on; must not wait.
        on_revoked: Called with what goes away, before anything is done about it.
    """

    logger = logging.getLogger("faust.consumer")

    def __init__(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401  # Faust's
        self.topic_ids: Mapping[str, str] = {}
        self.drains: list[Callable[[], Awaitable[None]]] = []
        self.on_assigned: Callable[[frozenset[TP]], None] = _nothing
        self.on_revoked: Callable[[], None] = lambda: None
        self._thread: ConsumerThread
        self._outcomes: dict[TP, deque[Outcome]] = {}
        self._room = asyncio.Event()
        super().__init__(*arguments, **more)
        self._read_offset = _Unread()

    def partition(self, tp: TP) -> Partition:
        """The partition with its topic's id."""
        return Partition(tp.topic, self.topic_ids[tp.topic], tp.partition)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # Where to go on

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek nowhere: Kafka's offsets are for displays, and `take_up` follows."""
        return {}

    def resume_flow(self) -> None:
        """Let the flow go on, with every partition paused until it is taken up."""
        assigned = frozenset(self.assignment())
        self._outcomes.clear()
        self.pause_partitions(assigned)
        super().resume_flow()
        self.on_assigned(assigned)

    async def take_up(self, starts: Mapping[TP, int], begin: Callable[[], None]) -> None:
        """Read partitions from these offsets on.

        Args:
            starts: Next offset of each; one that is no longer assigned is left out.
            begin: Called when the partitions stand there, just before anything comes of them.
        """
        await self._thread.seek_wait(starts)
        begin()
        for tp, start in starts.items():
            self._outcomes[tp] = deque([Outcome(start, acknowledged=True)])
        self.resume_partitions(starts.keys() & self.assignment())
        self._room.set()

    async def seek_back(self, tp: TP, offset: int) -> None:
        """Fetch a partition again from `offset` on, unless it is no longer assigned."""
        await self._thread.seek_wait({tp: offset})

    async def log_starts(self, tps: Collection[TP]) -> Mapping[TP, int]:
        """The oldest offset that Kafka still has of each.

        Raises:
            KafkaUnavailableError: Kafka does not say.
        """
        try:
            return await self.earliest_offsets(*tps)
        except KafkaError as error:
            raise KafkaUnavailableError(f"log start: {type(error).__name__}") from error

    async def group_offsets(self, tps: Collection[TP]) -> dict[TP, int | None]:
        """The group's offsets as Kafka has them; empty if it does not say soon."""
        return await self._thread.group_offsets(tps, _SOON)

    @property
    def is_settled(self) -> bool:
        """Whether the worker is a member of its group, and no rebalance is going on."""
        return self._thread.is_member and not self.app.rebalancing

    # From chunk to group offset

    def _to_message(self, tp: TP, record: WireBatch) -> ChunkMessage:
        tp = ensure_TP(tp)
        message = ChunkMessage(record, tp, self.app.consumer_generation_id)
        self._outcomes.setdefault(tp, deque()).append(message.outcome)
        return message

    def _new_offset(self, tp: TP) -> int | None:
        """What Faust commits next for a partition."""
        return settled_offset(self._outcomes.get(tp, deque()))

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ANN401, ARG002  # Faust's
        return iter([tp for tp, outcomes in self._outcomes.items() if outcomes])

    # Before partitions go

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop taking up, drain, commit; then forget."""
        self.on_revoked()
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._outcomes.pop(tp, None)

    async def wait_empty(self) -> None:
        """Make durable what is held, as far as time allows; the rest is fetched again.

        Faust's own waits for ever for an agent that crashed.
        """
        patience = 0.0 if self.should_stop else self.app.conf.broker_rebalance_timeout / 2
        deadline = monotonic() + patience
        if drains := [asyncio.ensure_future(drain()) for drain in self.drains]:
            done, _ = await asyncio.wait(drains, timeout=patience)
            for drain in done:
                drain.result()
        self._unacked_messages.clear()
        while True:
            await self.commit_and_end_transactions()
            if monotonic() > deadline or not any(map(_is_due, self._outcomes.values())):
                return  # a commit during another one only waits for that one: hence the loop

    async def verify_all_partitions_active(self) -> None:
        """Do nothing: Faust compares two clocks here, and cries wolf. The watchdog watches."""

    # Backpressure

    def on_buffer_drop(self, tp: TP) -> None:
        """Wake the fetching: there is room again."""
        super().on_buffer_drop(tp)
        self._room.set()

    async def _wait_next_records(self, timeout: float) -> tuple[Any, Any]:  # noqa: ASYNC109  # Faust's
        """Where Faust would sleep a second when no partition may be read, wait for room."""
        if self.flow_active and not self._get_active_partitions():
            self._room.clear()
            await self.wait_first(self._room.wait(), self.suspend_flow.wait(), timeout=timeout)
            if not self._get_active_partitions():
                return {}, set()
        records: tuple[Any, Any] = await super()._wait_next_records(timeout)
        return records


def _is_due(outcomes: deque[Outcome]) -> bool:
    return bool(outcomes) and outcomes[0].acknowledged


def _nothing(assigned: Iterable[TP]) -> None:
    """Before the app says what to do."""
    del assigned
