"""Kafka for jobs: topics, offsets, single records. Only here do jobs know its client.

A topic's id is written as a UUID in hexadecimal with dashes.
"""

import socket
import struct
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import (
    KafkaError,
    OffsetOutOfRangeError,
    ProducerFencedError,
    TopicAlreadyExistsError,
)

from schemas.errors import FatalError, RetryableError
from schemas.lineage import Partition, Position

_API_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)
"""The request that every broker answers, of 10 bytes: api 18, version 0, and no client's name."""
_PATIENCE_SECONDS = 30.0
_MAX_RECORD_BYTES = 64 * 2**20
_FETCH_BYTES = 2**20
"""Brokers send a larger record all the same (KIP-74), and often one is all that is wanted."""
_BATCH_BYTES, _LINGER_MILLISECONDS = 256 * 2**10, 10
_TRANSACTION_MILLISECONDS = 15_000
_T = TypeVar("_T")


class KafkaUnavailableError(RetryableError):
    """Kafka gave no answer, or one that says: not now."""


class KafkaRefusedError(FatalError):
    """Kafka understood, and will not: asking again does not help."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the cluster has it.

    Attributes:
        settings: All of them, also those that nobody has set.
    """

    name: str
    id: str
    partitions: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """A record as Kafka has it: raw, so never to be printed, logged or kept.

    Attributes:
        ingest_time: The broker's timestamp, UTC.
    """

    position: Position
    ingest_time: datetime
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = field(repr=False)


Sent = Callable[[], tuple[int, int]]
"""A record on its way: waits until every replica in sync has it, and says partition and offset.

Raises `KafkaUnavailableError` where no answer comes in time; the record may be there all the same.
"""


class Producer:
    """Publishes a stream of records, in order a key, each once; to be closed.

    Acknowledged by every replica in sync, and idempotent: its own retries repeat nothing.
    """

    def __init__(self, servers: Sequence[str], *, name: str = "") -> None:
        """Reach the cluster.

        Args:
            servers: One or more `host:port`.
            name: With one, records can be sent `at_once`, and every earlier producer of the name
                is over: what it had begun is undone, and it can send no more.
        """
        with _translated():
            self._producer = KafkaProducer(
                bootstrap_servers=list(servers),
                acks="all",
                enable_idempotence=True,
                max_request_size=_MAX_RECORD_BYTES,
                batch_size=_BATCH_BYTES,
                linger_ms=_LINGER_MILLISECONDS,
                transactional_id=name or None,
                transaction_timeout_ms=_TRANSACTION_MILLISECONDS,
            )
            if name:
                self._producer.init_transactions()

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Send what is left, and close it."""
        self._producer.close()

    def send(
        self,
        topic: str,
        record_key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
        *,
        partition: int | None = None,
    ) -> Sent:
        """Send a record soon; it is durable when the answer has come.

        Args:
            topic: Where to.
            record_key: Decides the partition where none is given.
            value: None is a tombstone.
            headers: The record's.
            partition: Where to, whatever the key.
        """
        more = {"key": record_key, "headers": list(headers), "partition": partition}
        with _translated():
            return _sent(self._producer.send(topic, value=value, **more))

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Make what is sent inside visible together, or, after any error or death, not at all.

        Readers of committed records wait meanwhile, after a death up to 15 s.
        """
        with _translated():
            self._producer.begin_transaction()
            try:
                yield
                self._producer.commit_transaction()
            except BaseException:
                with suppress(KafkaError):  # it ends by itself otherwise
                    self._producer.abort_transaction()
                raise

    def flush(self) -> None:
        """Wait until everything sent so far was answered."""
        with _translated():
            self._producer.flush(timeout=_PATIENCE_SECONDS)


class Cluster:
    """A Kafka cluster, reached when first asked; to be used in one thread and closed.

    Every method raises `KafkaUnavailableError` where Kafka does not answer within 30 s, and
    `KafkaRefusedError` where it says no.
    """

    def __init__(self, address: str) -> None:
        """Reach it.

        Args:
            address: One or more `host:port`, with commas between.
        """
        self._servers = address.split(",")
        self._admin = _asked(
            lambda: KafkaAdminClient(bootstrap_servers=self._servers), where=f" at {address}"
        )

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let its connections go."""
        self._admin.close()

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Those of the topics that exist."""
        described = _asked(lambda: self._admin.describe_topics(list(names)))
        found = [topic for topic in described if topic["error_code"] == 0]
        settings = self._settings([topic["name"] for topic in found])
        return {
            t["name"]: Topic(
                t["name"], str(t["topic_id"]), len(t["partitions"]), settings[t["name"]]
            )
            for t in found
        }

    def create(
        self, name: str, partitions: int, settings: Mapping[str, str], *, replication: int = 1
    ) -> bool:
        """Create a topic and wait until it can be used.

        Returns:
            Whether it was created; False: it was there, and was left as it is.
        """
        topic = {
            "num_partitions": partitions,
            "replication_factor": replication,
            "configs": dict(settings),
        }
        try:
            _asked(lambda: self._admin.create_topics({name: topic}, wait_for_metadata=True))
        except TopicAlreadyExistsError:
            return False
        return True

    def beginnings(self, topic: Topic) -> dict[int, int]:
        """The first offset that each partition still holds."""
        return self._offsets(topic, OffsetSpec.EARLIEST)

    def ends(self, topic: Topic) -> dict[int, int]:
        """The offset that each partition's next record will have."""
        return self._offsets(topic, OffsetSpec.LATEST)

    def group_offsets(self, group: str) -> dict[tuple[str, int], int]:
        """What a consumer group has committed, by topic and partition."""
        offsets = _asked(lambda: self._admin.list_group_offsets(group))[group]
        return {
            (at.topic, at.partition): found.offset
            for at, found in offsets.items()
            if found.offset >= 0
        }

    def record(self, position: Position) -> KafkaRecord | None:
        """The record at a position; None where Kafka does not have it any more, or yet."""
        for found in self.records(position.partition, first=position.offset):
            return found if found.position == position else None
        return None

    def records(self, partition: Partition, *, first: int) -> Generator[KafkaRecord, None, None]:
        """The committed records of a partition from an offset to its present end, in order.

        Nothing is found where `first` is not in the log (retention took it), nor where the topic
        is another one by now, which has the same name.
        """
        topic = self.topics([partition.topic]).get(partition.topic)
        if topic is None or topic.id != partition.topic_id:
            return
        with _translated():
            consumer = KafkaConsumer(
                bootstrap_servers=self._servers,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=_FETCH_BYTES,
            )
        try:
            yield from _read(consumer, partition, first)
        finally:
            consumer.close()

    def publish(self, topic: Topic, records: Iterable[KafkaRecord]) -> list[Position]:
        """Publish copies of records, acknowledged by every replica in sync and in order a key.

        Returns:
            Where each copy is now, in the order given. When it raises, any of them may be there.
        """
        with Producer(self._servers) as producer:
            sent = [producer.send(topic.name, r.key, r.value, r.headers) for r in records]
            found = [wait() for wait in sent]
        return [Position(Partition(topic.name, topic.id, number), at) for number, at in found]

    def _settings(self, names: list[str]) -> dict[str, dict[str, str]]:
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        if not wanted:
            return {}
        found: dict[str, dict[str, Any]] = _asked(
            lambda: self._admin.describe_configs(wanted, config_filter="all")
        )["topic"]
        return {
            topic: {name: str(setting["value"]) for name, setting in settings.items()}
            for topic, settings in found.items()
        }

    def _offsets(self, topic: Topic, which: OffsetSpec) -> dict[int, int]:
        wanted = {TopicPartition(topic.name, number): which for number in range(topic.partitions)}
        found = _asked(lambda: self._admin.list_partition_offsets(wanted))
        return {at.partition: offset.offset for at, offset in found.items()}


def is_answering(address: str) -> bool:
    """Whether the broker at `host:port` answers requests, and not only accepts connections."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1) as probe:
            probe.sendall(_API_VERSIONS)
            return len(probe.recv(4)) > 0
    except OSError:
        return False


def _sent(answer: Any) -> Sent:  # noqa: ANN401 - an untyped client's
    def wait() -> tuple[int, int]:
        with _translated():
            at = answer.get(timeout=_PATIENCE_SECONDS)
        return at.partition, at.offset

    return wait


def _read(consumer: KafkaConsumer, partition: Partition, first: int) -> Iterator[KafkaRecord]:
    at = TopicPartition(partition.topic, partition.number)
    with _translated():
        consumer.assign([at])
        consumer.seek(at, first)
        end = consumer.end_offsets([at])[at]
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while consumer.position(at) < end:
        with _translated():
            try:
                fetched = consumer.poll(timeout_ms=500).get(at, [])
            except OffsetOutOfRangeError:
                return
        if fetched:
            deadline = time.monotonic() + _PATIENCE_SECONDS
        elif time.monotonic() > deadline:
            raise KafkaUnavailableError(f"{partition} was not read to its end")
        for found in fetched:
            yield _record(partition, found)


def _record(partition: Partition, found: Any) -> KafkaRecord:  # noqa: ANN401 - an untyped client's
    return KafkaRecord(
        Position(partition, found.offset),
        datetime.fromtimestamp(found.timestamp / 1000, UTC),
        key=found.key,
        value=found.value,
        headers=tuple(found.headers),
    )


def _asked(call: Callable[[], _T], *, where: str = "") -> _T:
    """Ask until there is an answer: a broker may be restarting, a coordinator be elected."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with _translated(where):
                return call()
        except KafkaUnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def _translated(where: str = "") -> Iterator[None]:
    """Raise our errors for kafka-python's; it may quote a record, so without its words."""
    try:
        yield
    except TopicAlreadyExistsError:
        raise
    except KafkaError as error:
        if ProducerFencedError.__name__ in repr(error):  # or an error that it is the cause of
            raise KafkaUnavailableError("Kafka: a later run has taken over") from None
        if error.retriable:
            raise KafkaUnavailableError(f"Kafka{where}: {type(error).__name__}") from None
        raise KafkaRefusedError(f"Kafka{where}: {type(error).__name__}") from None
