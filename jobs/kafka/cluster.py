"""A cluster: its topics, offsets, single records."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ssl import SSLContext
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec
from kafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError
from kafka.structs import OffsetAndTimestamp

from jobs.kafka import acls, scope
from jobs.kafka.acls import Permission
from jobs.kafka.answers import KafkaRefusedError, asked, translated
from jobs.kafka.first_times import first_times
from jobs.kafka.groups import GroupDescription, describe_group
from jobs.kafka.producer import Producer
from jobs.kafka.records import KafkaRecord, read
from jobs.kafka.scope import BrokerPlace
from schemas.lineage import Partition, Position
from storage.tls import kafka_options, refusal

_NOT_ALLOWED = TopicAuthorizationFailedError.errno
_FETCH_BYTES = 2**20
"""Brokers send a larger record all the same (KIP-74), and often one is all that is wanted."""


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


class Cluster:
    """A Kafka cluster, reached when first asked; to be used in one thread and closed.

    Every method raises `KafkaUnavailableError` where Kafka does not answer within 30 s, and
    `KafkaRefusedError` where it says no.
    """

    def __init__(self, address: str, *, tls: SSLContext | None = None) -> None:
        """Reach it.

        Args:
            address: One or more `host:port`, with commas between.
            tls: See `storage.tls.kafka_tls`; None: in the clear.
        """
        self._servers = address.split(",")
        self._tls = tls
        if tls and (why := refusal(address, tls)):
            raise KafkaRefusedError(f"Kafka at {address}: {why}")
        self._admin = asked(
            lambda: KafkaAdminClient(bootstrap_servers=self._servers, **kafka_options(tls)),
            where=f" at {address}",
        )

    def __enter__(self) -> Self:
        """Itself: closed on the way out."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let its connections go."""
        self._admin.close()

    def topics(self, names: Iterable[str]) -> dict[str, Topic]:
        """Those of the topics that exist; one that we may not describe is refused."""
        described = asked(lambda: self._admin.describe_topics(list(names)))
        for topic in described:
            if topic["error_code"] == _NOT_ALLOWED:
                raise KafkaRefusedError(f"topic {topic['name']}: we may not see it (ACL)")
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
            asked(lambda: self._admin.create_topics({name: topic}, wait_for_metadata=True))
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
        offsets = asked(lambda: self._admin.list_group_offsets(group))[group]
        return {
            (at.topic, at.partition): found.offset
            for at, found in offsets.items()
            if found.offset >= 0
        }

    def spans(self, topics: Iterable[Topic]) -> dict[tuple[str, int], tuple[int, int]]:
        """The first offset and the next one of every partition, by topic and number."""
        places = [TopicPartition(one.name, i) for one in topics for i in range(one.partitions)]
        if not places:
            return {}
        begins, ends = (
            self._asked_offsets(places, which) for which in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
        )
        return {(at.topic, at.partition): (begins[at], ends[at]) for at in places}

    def group(self, name: str) -> GroupDescription:
        """A consumer group and its members."""
        return asked(lambda: describe_group(self._admin, name))

    def first_times(self, wanted: Mapping[Partition, int]) -> dict[Partition, datetime]:
        """When what is at an offset of each partition, or the first behind it, came.

        Reads no record, and needs no right to.

        Args:
            wanted: Partition -> offset; all of topics as they are now.

        Returns:
            Without those that have nothing there.
        """
        return first_times(self._first_offsets, wanted) if wanted else {}

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
        consumer = self._consumer()
        try:
            yield from read(consumer, partition, first)
        finally:
            consumer.close()

    def permissions(self) -> set[Permission]:
        """Every line of the cluster's access control lists."""
        return asked(lambda: acls.read(self._admin))

    def allow(self, permissions: Iterable[Permission]) -> None:
        """Add lines to the lists; safe to run again."""
        wanted = list(permissions)
        asked(lambda: acls.allow(self._admin, wanted))

    def take_back(self, permissions: Iterable[Permission]) -> None:
        """Remove lines from the lists; safe to run again."""
        unwanted = list(permissions)
        asked(lambda: acls.take_back(self._admin, unwanted))

    def all_topics(self) -> list[str]:
        """Every topic that we can see, by name."""
        return asked(lambda: scope.topics(self._admin))

    def all_groups(self) -> list[str]:
        """Every consumer group that we can see, by name."""
        return asked(lambda: scope.groups(self._admin))

    def brokers(self) -> list[BrokerPlace]:
        """The cluster's brokers, and where they say that they are."""
        return asked(lambda: scope.brokers(self._admin))

    def rights(self, topics: Iterable[str]) -> dict[str, frozenset[str]]:
        """What we may do with each topic, as the cluster's authorizer answers: nothing is tried."""
        wanted = list(topics)
        return asked(lambda: scope.rights(self._admin, wanted))

    def producer(self, name: str = "") -> Producer:
        """A producer to this cluster; see there."""
        return Producer(self._servers, name=name, tls=self._tls)

    def publish(self, topic: Topic, records: Iterable[KafkaRecord]) -> list[Position]:
        """Publish copies of records, acknowledged by every replica in sync and in order a key.

        Returns:
            Where each copy is now, in the order given. When it raises, any of them may be there.
        """
        with self.producer() as producer:
            sent = [producer.send(topic.name, r.key, r.value, r.headers) for r in records]
            found = [wait() for wait in sent]
        return [Position(Partition(topic.name, topic.id, number), at) for number, at in found]

    def _consumer(self) -> KafkaConsumer:
        """One that reads committed records, belongs to no group, and says what is not there."""
        with translated():
            return KafkaConsumer(
                bootstrap_servers=self._servers,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",
                isolation_level="read_committed",
                max_partition_fetch_bytes=_FETCH_BYTES,
                **kafka_options(self._tls),
            )

    def _settings(self, names: list[str]) -> dict[str, dict[str, str]]:
        wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        if not wanted:
            return {}
        found: dict[str, dict[str, Any]] = asked(
            lambda: self._admin.describe_configs(wanted, config_filter="all")
        )["topic"]
        return {
            topic: {name: str(setting["value"]) for name, setting in settings.items()}
            for topic, settings in found.items()
        }

    def _offsets(self, topic: Topic, which: OffsetSpec) -> dict[int, int]:
        places = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
        return {at.partition: n for at, n in self._asked_offsets(places, which).items()}

    def _asked_offsets(
        self, places: Iterable[TopicPartition], which: OffsetSpec
    ) -> dict[TopicPartition, int]:
        found = self._first_offsets(dict.fromkeys(places, which))
        return {at: offset.offset for at, offset in found.items()}

    def _first_offsets(
        self, wanted: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, OffsetAndTimestamp]:
        """One request a broker, however many partitions."""
        return asked(lambda: self._admin.list_partition_offsets(dict(wanted)))
