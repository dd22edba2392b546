"""The thread in which aiokafka fetches: it hands out chunks where Faust's hands out records."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import READ_COMMITTED, Fetcher, FetchResult
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ConsumerStoppedError, KafkaError, NoError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers.aiokafka import (
    AIOKafkaConsumerThread,
    credentials_to_aiokafka_auth,
    server_list,
)
from faust.types import TP

from schemas.batches import WireBatch
from schemas.errors import IntegrityError
from schemas.lineage import Partition, Position
from streams.kafka.transport.chunks import Chunk, Limits, UnreadableBatchError, drain
from streams.kafka.transport.fetching import ConsiderateFetcher
from streams.kafka.transport.salvage import salvage

if TYPE_CHECKING:
    from streams.kafka.transport.consumer import Consumer

FETCH_MIN_BYTES = 100_000
FETCH_MAX_WAIT_MS = 500
"""A slow topic is fetched twice a second: a third of the CPU of a fetch for every record."""

_LONGEST_WAIT = 0.2
"""Seconds that one call may wait for records: other calls of this thread queue behind it."""

_COMMIT_WITHIN = 10.0
"""Seconds; aiokafka would ask a broker that is down for ever."""

_NO_GENERATION = -1
"""Kafka's generation of a consumer that is no member of its group."""


class ConsumerThread(AIOKafkaConsumerThread):
    """Fetches chunks of the group's partitions, each from where it was sought to.

    Reads committed records only. A partition of which an offset comes that is below the ones that
    came before was truncated or recreated: IntegrityError, the worker ends.
    """

    logger = logging.getLogger("faust.thread")

    def __post_init__(self) -> None:
        """Begin without positions."""
        super().__post_init__()
        self._expected: dict[TP, int] = {}
        self._limits = Limits()

    async def on_start(self) -> None:
        """Start the consumer."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        ConsiderateFetcher.instead_of(fetcher, lambda tp: TP(*tp) in self._expected)

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002  # Faust's
        """Say that it crashed; Faust's own prints the exception, which may quote a record."""
        self.log.error("crashed: %s", type(fmt[-1]).__name__)

    @property
    def is_member(self) -> bool:
        """Whether the broker counts this consumer as a member of its group."""
        if self._consumer is None or self._consumer._coordinator is None:
            return False
        return bool(self._consumer._coordinator.generation != _NO_GENERATION)

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ANN401  # Faust's
        """Make the consumer; Faust's own would read aborted records, and has no fetch settings."""
        conf = self.app.conf
        return AIOKafkaConsumer(
            bootstrap_servers=server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            check_crcs=True,
            fetch_min_bytes=FETCH_MIN_BYTES,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            max_poll_interval_ms=round(conf.broker_max_poll_interval * 1_000),
            request_timeout_ms=round(conf.broker_request_timeout * 1_000),
            session_timeout_ms=round(conf.broker_session_timeout * 1_000),
            rebalance_timeout_ms=round(conf.broker_rebalance_timeout * 1_000),
            heartbeat_interval_ms=round(conf.broker_heartbeat_interval * 1_000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            **credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Forget where they stand: what is assigned next is read once it was sought."""
        self._expected.clear()
        await super().on_partitions_revoked(revoked)

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        """Seek those partitions that are still assigned."""
        mine = self.assignment()
        for tp, offset in partitions.items():
            if tp in mine:
                consumer.seek(TopicPartition(*tp), offset)
                self._expected[tp] = offset

    async def group_offsets(self, tps: Collection[TP], within: float) -> dict[TP, int | None]:
        """The group's offsets as Kafka has them; empty if it does not say within some seconds."""
        found: dict[TP, int | None] = await self.call_thread(self._group_offsets, tps, within)
        return found

    async def _group_offsets(self, tps: Collection[TP], within: float) -> dict[TP, int | None]:
        consumer = self._ensure_consumer()
        try:
            async with asyncio.timeout(within):
                return {tp: await consumer.committed(TopicPartition(*tp)) for tp in tps}
        except (TimeoutError, KafkaError):
            return {}

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit the group's offsets; a failure is told, no more: they are for displays only."""
        mine = self.assignment()
        wanted = {
            TopicPartition(*tp): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in mine
        }
        try:
            async with asyncio.timeout(_COMMIT_WITHIN):
                await self._ensure_consumer().commit(wanted)
        except (TimeoutError, KafkaError) as error:
            self.log.warning("group offsets were not committed: %s", type(error).__name__)
            return False
        return True

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  # Faust's signature
        max_records: int | None = None,  # noqa: ARG002  # Faust's signature
    ) -> dict[TP, list[WireBatch]]:
        """At most one chunk of each active partition; none when nothing comes for a while."""
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():
            taken = await self._take(fetcher, active_partitions)
            if not taken and await self._something_came(fetcher, timeout or _LONGEST_WAIT):
                taken = await self._take(fetcher, active_partitions)
            return taken

    async def _something_came(self, fetcher: Fetcher, timeout: float) -> bool:  # noqa: ASYNC109  # not a deadline
        waiter = fetcher._create_fetch_waiter()
        done, _ = await asyncio.wait([waiter], timeout=min(timeout, _LONGEST_WAIT))
        if not done:
            waiter.cancel()
            return False
        waiter.result()  # raises what the coordinator died of
        return True

    async def _take(self, fetcher: Fetcher, active: set[TP]) -> dict[TP, list[WireBatch]]:
        """What was fetched of active partitions, one chunk each."""
        taken: dict[TP, list[WireBatch]] = {}
        for tp in list(active):  # a copy: Faust changes the set in another thread
            if fetcher._subscriptions.reassignment_in_progress or not self.consumer.flow_active:
                break
            if tp not in self._expected:
                continue
            if tp in fetcher._records:
                batch = await self._chunk(fetcher, tp)
            else:
                batch = self._jump(fetcher, tp)
            if batch is not None:
                taken[tp] = [batch]
        return taken

    def _jump(self, fetcher: Fetcher, tp: TP) -> WireBatch | None:
        """An empty chunk where the position moved by itself: retention took what was there."""
        assignment = fetcher._subscriptions.subscription.assignment
        state = assignment and assignment.state_value(tp)
        if state is None or not state.has_valid_position:
            return None
        if state.position == self._expected[tp]:
            return None
        self._advance(tp, state.position, state.position)
        return Chunk(self._partition(tp), state.position).batch(state.position)

    async def _chunk(self, fetcher: Fetcher, tp: TP) -> WireBatch | None:
        result = fetcher._records.get(tp)
        if result is None:
            return None
        if type(result) is not FetchResult:
            self._let_fetch(fetcher, tp)
            result.check_raise()
        if not (result.has_more() and result.check_assignment(tp)):
            self._let_fetch(fetcher, tp)
            return None
        try:
            batch = drain(result._partition_records, self._partition(tp), self._limits)
        except UnreadableBatchError as error:
            batch = error.before
            if batch.next_offset == batch.first:
                batch = await self._salvaged(batch)
            self._let_fetch(fetcher, tp)
        else:
            if not result._partition_records._records.has_next():
                self._let_fetch(fetcher, tp)
        return self._in_order(tp, result, batch)

    def _in_order(self, tp: TP, result: FetchResult, batch: WireBatch) -> WireBatch | None:
        """Move the partition's position over the batch; None if it was sought away meanwhile."""
        if not result._assignment.active:
            return None
        state = result._assignment.state_value(tp)
        if state.position != batch.first or tp not in self._expected:
            return None
        self._advance(tp, batch.first, batch.next_offset)
        state.consumed_to(batch.next_offset)
        return batch

    def _advance(self, tp: TP, first: int, next_offset: int) -> None:
        if first < (expected := self._expected[tp]):
            place = Position(self._partition(tp), first)
            raise IntegrityError(f"the log went back to {place}, {expected} was next")
        self._expected[tp] = next_offset

    def _let_fetch(self, fetcher: Fetcher, tp: TP) -> None:
        """Forget what was fetched of a partition, so that it is fetched from its position on."""
        fetcher._records.pop(tp, None)
        fetcher._notify(fetcher._wait_consume_future)

    def _partition(self, tp: TP) -> Partition:
        return cast("Consumer", self.consumer).partition(tp)

    async def _salvaged(self, at: WireBatch) -> WireBatch:
        """Fetch again the batch that aiokafka cannot read, and read it with more patience."""
        consumer = self._ensure_consumer()
        topic, number = at.partition.topic, at.partition.number
        request = FetchRequest(
            FETCH_MAX_WAIT_MS,
            1,
            consumer._max_partition_fetch_bytes,
            READ_COMMITTED,
            [(topic, [(number, at.first, consumer._max_partition_fetch_bytes)])],
        )
        leader = consumer._client.cluster.leader_for_partition(TP(topic, number))
        response = await consumer._client.send(leader, request)
        _, (part,) = response.topics[0]
        if (error := for_code(part[1])) is not NoError:
            raise error(str(at.partition))
        batch = salvage(part[-1])
        chunk = Chunk(at.partition, at.first)
        chunk.add(batch.records, start=at.first, time_ms=batch.time_ms)
        return chunk.batch(batch.next_offset)
