"""What Kafka really has, read back, and what the oracle says of it."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, KafkaError, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from support.evidence.oracle import (
    EVERY_CONSENT,
    Marking,
    Oracle,
    Registration,
    Rest,
    Rulings,
    Sent,
)
from support.evidence.proof import Log

DEVICES = "fleet.devices"
_PATIENCE = 60.0

Reach = Mapping[str, str]
"""How librdkafka reaches Kafka."""


@dataclass(slots=True)
class Truth:
    """Publishes records, and knows afterwards how each has to end.

    Attributes:
        address: Of Kafka, `host:port`.
        tls: What librdkafka is told of certificates; empty where Kafka speaks in the clear.
    """

    address: str
    tls: Mapping[str, str] = field(default_factory=dict)
    _sent: dict[bytes, Sent] = field(default_factory=dict)
    _empty: dict[str, Sent] = field(default_factory=dict)
    _producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        """Reach Kafka when first asked."""
        self._producer = Producer(
            {
                **self._reach,
                "compression.type": "lz4",
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.num.messages": 500,
            }
        )

    @property
    def _reach(self) -> Reach:
        return {"bootstrap.servers": self.address, **self.tls}

    def register(self, told: Iterable[Registration | Marking]) -> None:
        """Publish registrations and marks; all are acknowledged on return."""
        for one in told:
            self._produce(DEVICES, one.record_key, one.value)
        self._settle()

    def publish(self, records: Iterable[Sent]) -> None:
        """Publish records; all are acknowledged on return."""
        for one in records:
            if one.value is None:
                self._empty[one.topic] = one
            else:
                self._sent[one.value] = one
            self._produce(one.topic, one.device, one.value, one.headers)
        self._settle()

    def ends(self, topics: Iterable[str]) -> dict[tuple[str, str], int]:
        """Topic and application id of each partition -> the next record's offset."""
        ids = _topic_ids(self._reach, list(topics))
        consumer, ends = _consumer(self._reach), {}
        for at in _partitions(self._reach, ids):
            _, end = consumer.get_watermark_offsets(at, timeout=_PATIENCE)
            ends[at.topic, f"{at.topic}/{ids[at.topic]}/{at.partition}"] = end
        consumer.close()
        return ends

    def logs(
        self,
        topics: Iterable[str],
        served: Iterable[str] = ("eu", "us"),
        rulings: Rulings | None = None,
    ) -> list[Log]:
        """Everything that Kafka has of these topics, and how it has to end.

        Args:
            topics: Names.
            served: Regions.
            rulings: What officers have done; None where none were at work.
        """
        topics = list(topics)
        oracle = Oracle(frozenset(served), rulings or Rulings())
        oracle.hear(self._registrations())
        ids = _topic_ids(self._reach, topics)
        logs = []
        for start, end, at, messages in _read(self._reach, topics):
            fates, rests = dict[int, str](), dict[int, Rest]()
            for message in messages:
                sent, time = self._of(at.topic, message.value()), message.timestamp()[1] * 1000
                fates[message.offset()] = fate = oracle.fate(sent, time)
                rests[message.offset()] = oracle.rest(sent, time, fate)
            logs.append(Log(at.topic, ids[at.topic], at.partition, fates, start, end - 1, rests))
        return logs

    def _of(self, topic: str, value: bytes | None) -> Sent:
        return self._empty[topic] if value is None else self._sent[value]

    def _registrations(self) -> Iterator[tuple[int, Registration | Marking]]:
        for _, _, _, messages in _read(self._reach, [DEVICES]):
            for message in messages:
                device = (message.key() or b"").decode()
                yield message.timestamp()[1] * 1000, _registration(device, message.value())

    def _produce(
        self,
        topic: str,
        key: str,
        value: bytes | None,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        while True:
            try:
                self._producer.produce(topic, value, key=key, headers=list(headers))
            except BufferError:
                self._producer.poll(0.1)
            else:
                break
        self._producer.poll(0)

    def _settle(self) -> None:
        assert self._producer.flush(_PATIENCE) == 0, "Kafka does not take what is sent"


def _registration(device: str, value: bytes | None) -> Registration | Marking:
    if device.startswith("mark/"):
        said = json.loads(value or json.dumps({"device": device.removeprefix("mark/")}))
        said.pop("holds", None)  # a hold withholds nothing
        return Marking(**said)
    if value is None:
        return Registration(device, cancelled=True)
    said = json.loads(value)
    consents: Iterable[Mapping[str, object]] = said["consents"]
    granted = frozenset(str(one["name"]) for one in consents if one["granted"])
    bound = said["bound_since"]
    return Registration(
        device,
        str(said["country"]),
        granted & EVERY_CONSENT,
        None if bound is None else int(str(bound)),
        vendor=str(said["vendor"]),
    )


def _topic_ids(reach: Reach, topics: list[str]) -> dict[str, str]:
    admin = AdminClient(dict(reach))
    found = admin.describe_topics(TopicCollection(topics), request_timeout=_PATIENCE)
    return {topic: _as_uuid(future.result().topic_id) for topic, future in found.items()}


def _as_uuid(found: object) -> str:
    """A topic's id as the lake writes it: hexadecimal, with dashes; here it is base64."""
    return str(UUID(bytes=base64.urlsafe_b64decode(f"{found}==")))


def _partitions(reach: Reach, topics: Iterable[str]) -> list[TopicPartition]:
    metadata = AdminClient(dict(reach)).list_topics(timeout=_PATIENCE)
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(metadata.topics[topic].partitions)
    ]


def _consumer(reach: Reach) -> Consumer:
    return Consumer(
        {
            **reach,
            "group.id": "the truth",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )


def _read(
    reach: Reach, topics: Iterable[str]
) -> Iterator[tuple[int, int, TopicPartition, list[Any]]]:
    """First offset, next offset, and all records of each partition."""
    consumer = _consumer(reach)
    places = _partitions(reach, topics)
    bounds = {
        (at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=_PATIENCE)
        for at in places
    }
    found: dict[tuple[str, int], list[Any]] = {key: [] for key in bounds}
    left = {key for key, (start, end) in bounds.items() if start < end}
    consumer.assign(
        [TopicPartition(topic, number, bounds[topic, number][0]) for topic, number in left]
    )
    while left:  # to the end of each: what is last there may be a transaction's marker
        fetched: list[Any] = consumer.consume(10_000, timeout=0.1)
        for message in fetched:
            key = message.topic(), message.partition()
            if message.error() is None:
                found[key].append(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name
                left.discard(key)
    consumer.close()
    for at in places:
        key = at.topic, at.partition
        yield *bounds[key], at, found[key]
