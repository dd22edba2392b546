"""What Kafka really has, read back, and what the oracle says of it."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from confluent_kafka import Consumer, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from support.evidence.oracle import EVERY_CONSENT, Marking, Oracle, Registration, Sent
from support.evidence.proof import Log

DEVICES = "fleet.devices"
_PATIENCE = 60.0


@dataclass(slots=True)
class Truth:
    """Publishes records, and knows afterwards how each has to end.

    Attributes:
        address: Of Kafka, `host:port`.
    """

    address: str
    _sent: dict[bytes, Sent] = field(default_factory=dict)
    _empty: dict[str, Sent] = field(default_factory=dict)
    _producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        """Reach Kafka when first asked."""
        self._producer = Producer(
            {
                "bootstrap.servers": self.address,
                "compression.type": "lz4",
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.num.messages": 500,
            }
        )

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
        ids = _topic_ids(self.address, list(topics))
        consumer, ends = _consumer(self.address), {}
        for at in _partitions(self.address, ids):
            _, end = consumer.get_watermark_offsets(at, timeout=_PATIENCE)
            ends[at.topic, f"{at.topic}/{ids[at.topic]}/{at.partition}"] = end
        consumer.close()
        return ends

    def logs(self, topics: Iterable[str], served: Iterable[str] = ("eu", "us")) -> list[Log]:
        """Everything that Kafka has of these topics, and how it has to end."""
        topics = list(topics)
        oracle = Oracle(frozenset(served))
        oracle.hear(self._registrations())
        ids, found = _topic_ids(self.address, topics), dict[tuple[str, int], dict[int, str]]()
        starts, ends = dict[tuple[str, int], int](), dict[tuple[str, int], int]()
        for start, end, at, messages in _read(self.address, topics):
            key = at.topic, at.partition
            starts[key], ends[key] = start, end
            found[key] = {
                message.offset(): oracle.fate(
                    self._of(at.topic, message.value()), message.timestamp()[1] * 1000
                )
                for message in messages
            }
        return [
            Log(topic, ids[topic], number, fates, starts[topic, number], ends[topic, number] - 1)
            for (topic, number), fates in found.items()
        ]

    def _of(self, topic: str, value: bytes | None) -> Sent:
        return self._empty[topic] if value is None else self._sent[value]

    def _registrations(self) -> Iterator[tuple[int, Registration | Marking]]:
        for _, _, _, messages in _read(self.address, [DEVICES]):
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
        return Marking(**json.loads(value or json.dumps({"device": device.removeprefix("mark/")})))
    if value is None:
        return Registration(device, cancelled=True)
    said: Mapping[str, object] = json.loads(value)
    consents: Iterable[Mapping[str, object]] = said["consents"]  # type: ignore[assignment]
    granted = frozenset(str(one["name"]) for one in consents if one["granted"])
    bound = said["bound_since"]
    return Registration(
        device,
        str(said["country"]),
        granted & EVERY_CONSENT,
        None if bound is None else int(str(bound)),
        vendor=str(said["vendor"]),
    )


def _topic_ids(address: str, topics: list[str]) -> dict[str, str]:
    admin = AdminClient({"bootstrap.servers": address})
    found = admin.describe_topics(TopicCollection(topics), request_timeout=_PATIENCE)
    return {topic: _as_uuid(future.result().topic_id) for topic, future in found.items()}


def _as_uuid(found: object) -> str:
    """A topic's id as the lake writes it: hexadecimal, with dashes; here it is base64."""
    return str(UUID(bytes=base64.urlsafe_b64decode(f"{found}==")))


def _partitions(address: str, topics: Iterable[str]) -> list[TopicPartition]:
    metadata = AdminClient({"bootstrap.servers": address}).list_topics(timeout=_PATIENCE)
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in sorted(metadata.topics[topic].partitions)
    ]


def _consumer(address: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "the truth",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )


def _read(
    address: str, topics: Iterable[str]
) -> Iterator[tuple[int, int, TopicPartition, list[Any]]]:
    """First offset, next offset, and all records of each partition."""
    consumer = _consumer(address)
    places = _partitions(address, topics)
    bounds = {
        (at.topic, at.partition): consumer.get_watermark_offsets(at, timeout=_PATIENCE)
        for at in places
    }
    found: dict[tuple[str, int], list[Any]] = {key: [] for key in bounds}
    left = {key for key, (start, end) in bounds.items() if start < end}
    consumer.assign(
        [TopicPartition(topic, number, bounds[topic, number][0]) for topic, number in left]
    )
    while left:
        fetched: list[Any] = consumer.consume(10_000, timeout=0.1)
        for message in fetched:
            if message.error() is None:
                key = message.topic(), message.partition()
                found[key].append(message)
                if message.offset() >= bounds[key][1] - 1:
                    left.discard(key)
    consumer.close()
    for at in places:
        key = at.topic, at.partition
        yield *bounds[key], at, found[key]
