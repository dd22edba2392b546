"""Whose raw records a topic has: somebody who could read it had them as robots sent them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from jobs.incident.exposure import Exposed, Group
from jobs.kafka import Cluster
from jobs.subjects.access.search.claims import device_of
from jobs.subjects.roll import Roll
from schemas.errors import SettingsError
from schemas.lineage import Partition
from schemas.privacy import canonical
from schemas.regions import Region, Residency

UNKNOWN = "-"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a topic has.

    Attributes:
        records: By canonical device id, how many say to be of it.
        looked_at: How many records that were.
    """

    topic: str
    records: Mapping[str, int] = field(repr=False)
    looked_at: int

    @classmethod
    def read(cls, cluster: Cluster, topic: str, since: datetime | None) -> "Sent":
        """Read a topic from its beginning to its present end.

        Args:
            since: Only records that arrived then or later, UTC.

        Raises:
            SettingsError: There is no such topic.
            RetryableError: Kafka does not answer.
        """
        there = cluster.topics([topic]).get(topic)
        if there is None:
            raise SettingsError(f"--topic: Kafka has no topic {topic}")
        records, looked_at = Counter[str](), 0
        for number, first in cluster.beginnings(there).items():
            for record in cluster.records(Partition(topic, there.id, number), first=first):
                looked_at += 1
                if since is None or record.ingest_time >= since:
                    records[canonical(device_of(record))] += 1
        return cls(topic, records, looked_at)

    def exposed(self, region: Region, residency: Residency, roll: Roll) -> Exposed:
        """The same as counts of one region; a device that nobody registered counts in each.

        Args:
            roll: What is told of the devices.
        """
        found = Exposed(files=0)
        for device, records in self.records.items():
            known = roll.of(device).registration or roll.of(device).former
            if known is None or residency.regions.get(known.country) == region:
                country, vendor = (known.country, known.vendor) if known else (UNKNOWN, UNKNOWN)
                group = Group(self.topic, country, vendor)
                found.rows[group] += records
                found.names[group].add(device)
        return found
