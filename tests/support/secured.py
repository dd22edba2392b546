"""Who has a certificate, and tries things on a Kafka with an authorizer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from jobs.demo.broker import Broker
from jobs.demo.broker_security import reached_as
from jobs.kafka import Cluster, KafkaRefusedError, Permission
from jobs.replay import MARKS, NAME
from jobs.subjects.marks import NAME as MARKING
from storage.tls import kafka_options

GROUP, DATA, DEVICES = "fortnight", "fleet.telemetry", "fleet.devices"


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody with a certificate of a name, who tries things."""

    name: str
    broker: Broker
    certificates: Path

    def cluster(self) -> Cluster:
        return Cluster(self.broker.address, tls=reached_as(self.name, self.certificates))

    def may(self, attempt: Callable[["Client"], object]) -> bool:
        """Whether Kafka lets it; anything but a refusal for want of rights is an error."""
        try:
            attempt(self)
        except (KafkaRefusedError, KafkaError) as error:
            words = f"{type(error).__name__}: {error}"
            if "Authorization" in words or "ACL" in words:
                return False
            raise
        return True

    def consumer(self, group: str | None = None) -> KafkaConsumer:
        return KafkaConsumer(
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            **self.options(),
        )

    def options(self) -> dict[str, Any]:
        tls = reached_as(self.name, self.certificates)
        return {"bootstrap_servers": self.broker.address, **kafka_options(tls)}


def _see(topic: str) -> Callable[[Client], object]:
    def attempt(client: Client) -> object:
        with client.cluster() as cluster:
            return cluster.topics([topic])[topic]

    return attempt


def _read(topic: str) -> Callable[[Client], object]:
    def attempt(client: Client) -> object:
        consumer = client.consumer()
        try:
            if not consumer.partitions_for_topic(topic):  # kafka-python would ask for ever
                raise TopicAuthorizationFailedError(topic)
            consumer.assign([TopicPartition(topic, 0)])
            for _ in range(100):
                if consumer.poll(timeout_ms=100):
                    return None
        finally:
            consumer.close()
        raise AssertionError("neither records nor a refusal")

    return attempt


def _write(topic: str) -> Callable[[Client], object]:
    def attempt(client: Client) -> object:
        with client.cluster() as cluster, cluster.producer() as producer:
            return producer.send(topic, b"key", b"value", partition=0)()

    return attempt


def _send_again(client: Client) -> object:
    with client.cluster() as cluster:
        cluster.create(MARKS, 1, {})
        with cluster.producer(NAME) as producer, producer.at_once():
            producer.send(DATA, b"key", b"value", partition=0)
            return producer.send(MARKS, None, b"mark")


def _mark(client: Client) -> object:
    """As `put_marks` does, with a record that marks nobody."""
    with client.cluster() as cluster, cluster.producer(MARKING) as producer, producer.at_once():
        return producer.send(DEVICES, b"mark/", None)


def _work(client: Client) -> object:
    consumer = client.consumer(GROUP)
    try:
        at = TopicPartition(DATA, 0)
        consumer.assign([at])
        return consumer.commit({at: OffsetAndMetadata(0, "", -1)})
    finally:
        consumer.close()


def _delete(client: Client) -> object:
    admin = KafkaAdminClient(**client.options())
    try:
        return admin.delete_topics([DEVICES])
    finally:
        admin.close()


def _asking(question: Callable[[Cluster], object]) -> Callable[[Client], object]:
    def attempt(client: Client) -> object:
        with client.cluster() as cluster:
            return question(cluster)

    return attempt


ATTEMPTS: dict[str, Callable[[Client], object]] = {
    "see data": _see(DATA),
    "read data": _read(DATA),
    "publish data": _write(DATA),
    "see devices": _see(DEVICES),
    "read devices": _read(DEVICES),
    "register": _write(DEVICES),
    "mark": _mark,
    "send again": _send_again,
    "work": _work,
    "see the group": _asking(lambda cluster: cluster.group_offsets(GROUP)),
    "create": _asking(lambda cluster: cluster.create(DATA, 1, {})),
    "delete": _delete,
    "see lists": _asking(lambda cluster: cluster.permissions()),
    "change lists": _asking(
        lambda cluster: cluster.allow([Permission("User:me", "Topic", "other", "Read")])
    ),
}
"""What anybody might try, by name."""
