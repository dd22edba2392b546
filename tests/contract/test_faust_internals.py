"""What we use of the insides of Faust and aiokafka: an upgrade that changes it fails here first."""

# ruff: noqa: SLF001 - private names are what this is about

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBase
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint
from aiokafka.structs import TopicPartition
from faust.transport.consumer import Consumer as AnyConsumer
from faust.transport.consumer import ConsumerThread as AnyThread
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as TheirConsumer
from faust.types import TP
from support.record_batches import Sent, batch, fetched, stamped

from schemas.batches import WireBatch
from schemas.lineage import Partition
from schemas.settings import Settings
from streams.kafka.app import App, make_app
from streams.kafka.transport.chunks import Chunk
from streams.kafka.transport.consumer import ChunkMessage, Consumer
from streams.kafka.transport.driver import BUFFERED, chunk_topic
from streams.kafka.transport.fetching import ConsiderateFetcher
from streams.kafka.transport.thread import ConsumerThread

TELEMETRY = TP("fleet.telemetry", 0)

_OVERRIDDEN = [
    *(
        (Consumer, TheirConsumer, name)
        for name in (
            "_filter_tps_with_pending_acks",
            "_new_consumer_thread",
            "_new_offset",
            "_to_message",
            "_wait_next_records",
            "on_buffer_drop",
            "on_partitions_revoked",
            "resume_flow",
            "seek_to_committed",
            "verify_all_partitions_active",
            "wait_empty",
        )
    ),
    *(
        (ConsumerThread, AIOKafkaConsumerThread, name)
        for name in (
            "__post_init__",
            "_commit",
            "_create_worker_consumer",
            "_fetch_records",
            "_seek_wait",
            "on_crash",
            "on_partitions_revoked",
            "on_start",
        )
    ),
    (ConsiderateFetcher, Fetcher, "_get_actions_per_node"),
    (App, faust.App, "_create_directories"),
    (App, faust.App, "_on_agent_error"),
]


@pytest.mark.parametrize(("ours", "theirs", "name"), _OVERRIDDEN)
def test_what_we_override_is_there_and_takes_the_same(ours: type, theirs: type, name: str) -> None:
    assert list(inspect.signature(getattr(ours, name)).parameters) == list(
        inspect.signature(getattr(theirs, name)).parameters
    )


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (AnyConsumer._drain_messages, "self._read_offset.__getitem__"),
        (AnyConsumer._drain_messages, "self._read_offset.__setitem__"),
        (AnyConsumer.perform_seek, "await self.seek_to_committed()"),
        (AnyConsumer._commit_tps, "self._filter_committable_offsets(tps)"),
        (AnyConsumer._filter_committable_offsets, "self._new_offset(tp)"),
        (AnyConsumer.getmany, "self._wait_next_records(timeout)"),
        (AIOKafkaConsumerThread.getmany, "self._fetch_records"),
        (AIOKafkaConsumerThread.commit, "self.call_thread(self._commit, offsets)"),
        (AIOKafkaConsumerThread.seek_wait, "self._seek_wait"),
        (AIOKafkaConsumerThread._create_consumer, "self._create_worker_consumer(transport)"),
        (AnyThread.on_partitions_assigned, "threadsafe_partitions_assigned"),
        (faust.App._consumer_wait_empty, "await consumer.wait_empty()"),
        (faust.App.on_first_start, "self._create_directories()"),
        (faust.App.agent, "on_error=self._on_agent_error"),
        (Fetcher._get_actions_per_node, "if tp in self._records"),
        (Fetcher._fetch_requests_routine, "= self._get_actions_per_node(assignment)"),
        (AIOKafkaConsumer.start, "self._fetcher = Fetcher("),
        (FetchRequest.__init__, "self._max_wait_ms = max_wait_time"),
        (FetchRequest.__init__, "self._topics = topics"),
        (Fetcher._proc_fetch_request, "tp_state.position != fetch_offset"),
        (PartitionRecords._unpack_records, "_consume_aborted_up_to"),
    ],
)
def test_our_overrides_are_what_is_called(where: Callable[..., object], text: str) -> None:
    assert text in inspect.getsource(where)


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (Fetcher, ("_create_fetch_waiter", "_notify", "_select_read_replica")),
        (FetchResult, ("has_more", "check_assignment")),
        (SubscriptionState, ("reassignment_in_progress", "fetch_context", "subscription")),
        (TopicPartitionState, ("position", "has_valid_position", "consumed_to")),
        (PartitionRecords, ("_consume_aborted_up_to", "_contains_abort_marker")),
        (MemoryRecords, ("has_next", "next_batch")),
        (AnyConsumer, ("pause_partitions", "resume_partitions", "_get_active_partitions")),
        (AIOKafkaConsumerThread, ("call_thread", "_ensure_consumer", "seek_wait", "assignment")),
        (faust.App, ("rebalancing", "crash", "crash_reason", "wait_until_stopped", "should_stop")),
    ],
)
def test_the_methods_that_we_call_are_there(owner: type, names: tuple[str, ...]) -> None:
    assert [name for name in names if not hasattr(owner, name)] == []


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (Fetcher, ("_records", "_subscriptions", "_wait_consume_future", "_closed")),
        (FetchResult, ("_partition_records", "_assignment")),
        (
            AIOKafkaConsumer,
            ("_client", "_coordinator", "_fetcher", "_closed", "_max_partition_fetch_bytes"),
        ),
        (AnyConsumer, ("_read_offset", "_unacked_messages", "suspend_flow", "flow_active")),
        (GroupCoordinator, ("generation = OffsetCommitRequest.DEFAULT_GENERATION_ID",)),
    ],
)
def test_the_attributes_that_we_touch_are_set(owner: type, names: tuple[str, ...]) -> None:
    source = inspect.getsource(owner)
    assert [name for name in names if f"self.{name}" not in source] == []


def test_what_was_fetched_has_the_fields_that_we_drain() -> None:
    records = fetched(batch(3, [Sent(0)]), position=3)
    assert (records._check_crcs, records._isolation_level) == (True, 1)
    assert (records._aborted_producers, records.next_fetch_offset) == (set(), 3)
    first = records._records.next_batch()
    assert (first.base_offset, first.next_offset, first.producer_id) == (3, 4, -1)
    assert (first.timestamp_type, first.is_control_batch, first.is_transactional) == (1, 0, 0)


def test_record_batches_have_the_header_that_we_salvage_from() -> None:
    assert DefaultRecordBase.HEADER_STRUCT.size == 61
    assert DefaultRecordBase.AFTER_LEN_OFFSET == 12
    assert decode_varint(b"\x00\xac\x02", 1) == (150, 3)
    assert decode_varint(b"\x01", 0) == (-1, 1)


def test_aiokafka_still_refuses_what_we_salvage() -> None:
    raw = batch(0, [Sent(0, b"value", (("yz", b""),))])
    refused = stamped(raw.replace(b"\x04yz", b"\x04y\xff"), 0, 0)
    with pytest.raises(UnicodeDecodeError):
        list(fetched(refused))


def within_app(use: Callable[[App], Awaitable[None]]) -> None:
    async def main() -> None:
        app = make_app(Settings())
        consumer: Any = app.consumer
        try:
            await use(app)
        finally:
            consumer._thread.thread_loop.close()

    asyncio.run(main())


def chunk(first: int, next_offset: int) -> WireBatch:
    return Chunk(Partition("fleet.telemetry", "an-id", 0), first).batch(next_offset)


def test_the_scheme_leads_to_our_consumer_and_thread() -> None:
    async def use(app: App) -> None:
        assert isinstance(app.consumer, Consumer)
        assert isinstance(app.consumer._thread, ConsumerThread)

    within_app(use)


def test_a_topic_keeps_the_bound_that_is_set_on_it() -> None:
    async def use(app: App) -> None:
        topic: Any = chunk_topic(app, "fleet.telemetry")
        assert topic.maxsize == BUFFERED
        assert topic.clone(is_iterator=True).queue.maxsize == BUFFERED

    within_app(use)


def test_a_chunk_that_begins_before_the_last_one_is_still_delivered() -> None:
    async def use(app: App) -> None:
        read: Any = app.consumer._read_offset  # type: ignore[attr-defined]
        read[TELEMETRY] = 99
        read.update({TELEMETRY: 99})
        assert read[TELEMETRY] is None

    within_app(use)


def test_faust_commits_behind_acknowledged_chunks_only() -> None:
    async def use(app: App) -> None:
        consumer: Any = app.consumer
        messages = [consumer._to_message(TELEMETRY, chunk(i, i + 10)) for i in (0, 10, 20)]
        messages[0].outcome.acknowledge()
        messages[2].outcome.acknowledge()
        pending = list(consumer._filter_tps_with_pending_acks())
        assert consumer._filter_committable_offsets(pending) == {TELEMETRY: 10}
        assert consumer._filter_committable_offsets(pending) == {}

    within_app(use)


def test_no_acknowledgement_comes_from_a_stream_whose_agent_fails() -> None:
    async def use(app: App) -> None:
        topic: Any = chunk_topic(app, "fleet.telemetry")
        message = ChunkMessage(chunk(0, 10), TELEMETRY, 0)
        plain: Any = app.stream(topic)
        stream = plain.noack()
        app.flow_control.resume()
        await stream.channel.put(await topic.decode(message))
        with pytest.raises(ZeroDivisionError):
            await fail_in_first(stream.events())
        await stream.stop()
        assert not message.outcome.acknowledged

    async def fail_in_first(events: AsyncIterator[Any]) -> None:
        async for event in events:
            assert event.message.batch.next_offset == 10
            raise ZeroDivisionError

    within_app(use)


def test_a_consumer_that_is_no_member_has_generation_minus_one() -> None:
    assert OffsetCommitRequest.DEFAULT_GENERATION_ID == -1


def test_fausts_partitions_are_found_among_aiokafkas() -> None:
    theirs = {TopicPartition("fleet.telemetry", 0): "found"}
    assert theirs[TELEMETRY] == "found"
