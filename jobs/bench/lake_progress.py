"""How far the worker is, as its tables' own logs tell."""

import time

from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from jobs.kafka import Topic
from schemas.lineage import Partition
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS, Table
from storage.places import open_lake, open_stores

_ASK_SECONDS = 0.2
"""The logs are asked no more often: each time costs the S3 server some milliseconds."""


class LakeProgress:
    """Progress of a worker over one topic, whose offsets begin at 0."""

    def __init__(self, settings: Settings, table: Table, topic: Topic) -> None:
        """Look at the tables of these settings; the worker need not run yet."""
        self._group = settings.group
        self._admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
        self._destinations = [
            destination
            for (name, _), destination in open_lake(open_stores(settings), settings).items()
            if name in {table.name, DEAD_LETTERS.name}
        ]
        self._partitions = [
            Partition(topic.name, topic.id, number).application_id
            for number in range(topic.partitions)
        ]
        self._asked = 0.0
        self._durable = 0

    def has_begun(self) -> bool:
        """Whether its group has its partitions: a little before it reads the first record."""
        described = self._admin.describe_consumer_groups([self._group])[self._group]
        try:
            return bool(described.result().state == ConsumerGroupState.STABLE)
        except KafkaException:  # no coordinator yet: the broker is new
            return False

    def durable(self) -> int:
        """Records that every table holds or has otherwise accounted for."""
        if time.monotonic() - self._asked > _ASK_SECONDS:
            found = [one.versions(self._partitions) for one in self._destinations]
            self._durable = sum(
                min(_next_offset(versions[name]) for versions in found) for name in self._partitions
            )
            self._asked = time.monotonic()
        return self._durable


def _next_offset(version: int | None) -> int:
    return 0 if version is None else version + 1
