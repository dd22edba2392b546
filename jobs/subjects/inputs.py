"""What workers are told of subjects, and how far they have come: marks go in, rows come out.

A record is judged as of its arrival, so a mark withholds what comes after it, and nothing that came
before: such a record may wait for a worker, or be on its way. Once each partition has passed what
came before the mark, nothing of that is stored any more; then a search finds all that ever will be.
"""

from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from jobs import lag
from jobs.kafka import Cluster
from jobs.subjects.marks import Change, put_marks
from jobs.subjects.roll import Listed, Roll, read
from schemas.lineage import Partition
from schemas.privacy import canonical
from schemas.tables import STREAMED
from storage.lake import Destination


class Inputs(Protocol):
    """Where records come from, as an officer's command meets it.

    Raises (every method):
        RetryableError: Nobody answers.
    """

    def mark(self, devices: Collection[str], change: Change) -> Roll:
        """Change the marks of devices, all of them or none; what is told of them then.

        Safe to repeat. A worker judges what comes from now on by them.
        """
        ...

    def waiting(
        self, destinations: Sequence[Destination], since: datetime
    ) -> tuple[Partition, ...]:
        """Partitions of which a record that came by then is not durable in some destination."""
        ...


@dataclass(frozen=True, slots=True)
class KafkaInputs:
    """Kafka's topics, as they are."""

    cluster: Cluster
    roll: Roll = field(repr=False)

    def mark(self, devices: Collection[str], change: Change) -> Roll:
        """Put marks into `fleet.devices`, and read on to them."""
        put_marks(self.cluster, devices, change, roll=self.roll)
        wanted = {canonical(device) for device in devices}

        def keeps(listed: Listed) -> bool:
            return canonical(listed.device) in wanted

        return read(self.cluster, keeps, after=self.roll)

    def waiting(
        self, destinations: Sequence[Destination], since: datetime
    ) -> tuple[Partition, ...]:
        """Ask the logs, then Kafka: of partitions that lag, when something came, and what it is."""
        topics = self.cluster.topics(list(STREAMED)).values()
        versions = {
            topic.name: [
                one.versions(lag.names_of(topic))
                for one in destinations
                if one.table.topic == topic.name
            ]
            for topic in topics
        }
        found = lag.compare(self.cluster, topics, group_offsets={}, versions=versions)
        first = {one.partition: one.first for one in found if one.lag > 0}
        came = self.cluster.first_times(first)
        early = sorted(partition for partition, time in came.items() if time <= since)
        return tuple(one for one in early if self._has_record(one, first[one], since))

    def _has_record(self, partition: Partition, first: int, since: datetime) -> bool:
        """Whether a record is there that came by then: a transaction's marker is none."""
        with closing(self.cluster.records(partition, first=first)) as records:
            record = next(records, None)
        return record is not None and record.ingest_time <= since
