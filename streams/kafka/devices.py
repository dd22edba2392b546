"""Feeds the registry from `fleet.devices`: a consumer of its own, on its own thread and loop.

The data topics' consumer must never wait for it, nor it for them; and a flush has to be able to
ask, from any thread, that the registry knows everything up to now.

What is read when a worker starts may have been compacted, and the registry is told so. What comes
later is read at once; a worker that slept for a day would miss what was compacted meanwhile, and
has to start again.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import datetime, timedelta
from ssl import SSLContext
from threading import Event, Thread
from typing import Protocol

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import FortnightError, IntegrityError, RetryableError
from schemas.retention import microseconds
from schemas.tables.devices import COMPACTED_AFTER, DEVICES_TOPIC
from storage.tls import kafka_options
from streams.kafka.topics import KafkaUnavailableError
from streams.registry import DeviceRecord

logger = logging.getLogger(__name__)

_PARTITION = TopicPartition(DEVICES_TOPIC, 0)
_AT_ONCE = 10_000
"""Records that are applied together."""

_POLL_MS = 200

_FETCH_MAX_WAIT_MS = 50
"""How long Kafka waits for news. Whoever asks for the topic's end, as each flush does, queues
behind: Kafka answers one request of a connection after the other."""

_CLOCKS = timedelta(hours=1)
"""Brokers' clocks and ours agree to within this, and reading what there is takes no longer."""

Clock = Callable[[], datetime]


class RegistryBehindError(RetryableError):
    """The registry did not catch up in time: nothing was judged by it."""


class RegistryStaleError(RetryableError):
    """What was said for a day was missed, and may be compacted: only a new process can know it."""


class Registry(Protocol):
    """What is fed."""

    def apply(
        self, records: Sequence[DeviceRecord], next_offset: int, *, compacted_until: int
    ) -> None:
        """Apply records in offset order; the topic was read up to `next_offset`.

        Args:
            compacted_until: A record that came by then, microseconds since 1970 in UTC, may have
                superseded others that are not there any more.
        """


class Devices:
    """Reads `fleet.devices` from its beginning and goes on as long as the worker lives.

    Attributes:
        applied: Next offset: all records before it are in the registry.
        failed: Why it does not go on; the worker has to end.
    """

    def __init__(
        self, servers: str, registry: Registry, clock: Clock, *, tls: SSLContext | None = None
    ) -> None:
        """Prepare; nothing is read yet.

        Args:
            servers: Kafka, host:port with commas between.
            registry: What is fed.
            clock: UTC.
            tls: How Kafka is spoken to; None: in the clear.
        """
        self.applied = 0
        self.failed: BaseException | None = None
        self._servers = servers.split(",")
        self._tls = tls
        self._registry = registry
        self._clock = clock
        self._start = self._compacted_until = 0
        self._running = Event()
        self._consumer: AIOKafkaConsumer | None = None
        self._moved: asyncio.Event | None = None
        self._thread = Thread(target=self._run, name="devices", daemon=True)

    def start(self) -> None:
        """Begin to read; returns once Kafka answered.

        Raises:
            KafkaUnavailableError: It did not.
        """
        self._thread.start()
        self._running.wait()
        if self.failed is not None:
            raise KafkaUnavailableError("fleet.devices cannot be read") from self.failed

    def stop(self) -> None:
        """End the reading; without effect where it ended already."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._reading.cancel)
            self._thread.join(5)

    def barrier(self, within: timedelta) -> int:
        """Wait until the registry knows every record that was there when this was called.

        Blocks; safe in any thread but its own.

        Returns:
            The offset up to which it was applied, at least.

        Raises:
            RegistryBehindError: It does not within this time.
            RegistryStaleError: It cannot any more: the worker has to end.
            KafkaUnavailableError: Kafka does not say how far the topic goes.
            IntegrityError: The reading has ended.
        """
        if isinstance(self.failed, RegistryStaleError):
            raise self.failed
        if self.failed is not None:
            raise IntegrityError(f"{DEVICES_TOPIC} is no longer read") from self.failed
        seconds = within.total_seconds()
        asked = asyncio.run_coroutine_threadsafe(self._caught_up(seconds), self._loop)
        try:
            return asked.result(2 * seconds)
        except (TimeoutError, CancelledError):  # the reading ended meanwhile
            raise RegistryBehindError(f"{DEVICES_TOPIC}: no answer") from None

    async def _caught_up(self, within: float) -> int:
        consumer, moved = self._parts()
        try:
            async with asyncio.timeout(within):
                ends: Mapping[TopicPartition, int] = await consumer.end_offsets([_PARTITION])
                while self.applied < ends[_PARTITION]:
                    await moved.wait()
                    moved.clear()
        except TimeoutError:
            raise RegistryBehindError(f"{DEVICES_TOPIC}: not applied within {within:g} s") from None
        except KafkaError as error:
            raise KafkaUnavailableError(f"{DEVICES_TOPIC}: {type(error).__name__}") from error
        return ends[_PARTITION]

    def _parts(self) -> tuple[AIOKafkaConsumer, asyncio.Event]:
        if self._consumer is None or self._moved is None:
            raise ValueError("start() was not called")
        return self._consumer, self._moved

    def _run(self) -> None:
        """The thread: read until cancelled, or until it fails."""
        with suppress(asyncio.CancelledError, KafkaError, FortnightError):  # `failed` has them
            asyncio.run(self._read())

    def _note_end(self, reading: "asyncio.Task[None]") -> None:
        if not reading.cancelled():
            self.failed = reading.exception()
            logger.error("%s is no longer read: %s", DEVICES_TOPIC, type(self.failed).__name__)
        self._running.set()

    async def _read(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reading = asyncio.ensure_future(self._read_on())
        self._reading.add_done_callback(self._note_end)
        await self._reading

    async def _read_on(self) -> None:
        self._moved = asyncio.Event()
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            client_id="fortnight-devices",
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_FETCH_MAX_WAIT_MS,
            **kafka_options(self._tls),
        )
        self._consumer.assign([_PARTITION])
        try:
            await self._consumer.start()
            await self._consumer.seek_to_beginning(_PARTITION)
            self._start = (await self._consumer.end_offsets([_PARTITION]))[_PARTITION]
            self._compacted_until = self._a_day_ago()
            self._running.set()
            while True:
                await self._apply_some(self._consumer, self._moved)
        finally:
            await self._consumer.stop()

    async def _apply_some(self, consumer: AIOKafkaConsumer, moved: asyncio.Event) -> None:
        fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)
        records = [_record(one) for one in fetched.get(_PARTITION, ())]
        next_offset = await consumer.position(_PARTITION)
        if records and records[0].offset < self.applied:
            raise IntegrityError(f"{DEVICES_TOPIC} went back from {self.applied}: start again")
        new = [record for record in records if record.offset >= self._start]
        if new and new[0].ingest_time <= self._a_day_ago():
            raise RegistryStaleError(f"{DEVICES_TOPIC} was not read for a day: start again")
        if next_offset > self.applied:
            self._registry.apply(records, next_offset, compacted_until=self._compacted_until)
            self.applied = next_offset
            moved.set()

    def _a_day_ago(self) -> int:
        """What came by then may have been compacted, microseconds since 1970 in UTC."""
        return microseconds(self._clock() - COMPACTED_AFTER + _CLOCKS)


def _record(record: ConsumerRecord) -> DeviceRecord:
    return DeviceRecord(record.offset, record.timestamp * 1_000, record.key, record.value)
