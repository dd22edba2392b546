"""How far behind durable rows are: the destinations' logs say, the group's offsets only claim."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.kafka import Cluster, Topic
from schemas.lineage import Partition
from schemas.tables import DEAD_LETTERS, STREAMED
from storage.lake import Destination


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a partition waits to be durable.

    Attributes:
        begin: The first offset that Kafka still has.
        end: The offset of the next record that comes.
        group_offset: What the group of workers has committed; None where it has nothing.
        next_offset: The first offset that some destination does not hold; None where no
            destination knows the partition yet.
        age: Of the first record that is not durable; zero where none waits.
    """

    partition: Partition
    begin: int
    end: int
    group_offset: int | None
    next_offset: int | None
    age: timedelta = timedelta(0)

    @property
    def lag(self) -> int:
        """Offsets that are not durable; markers of transactions count, which are no records."""
        return self.end - (self.begin if self.next_offset is None else self.next_offset)

    @property
    def first(self) -> int:
        """The first offset that waits and that Kafka still has."""
        return self.end - min(self.lag, self.end - self.begin)


def plan(
    topic: Topic,
    *,
    begins: Mapping[int, int],
    ends: Mapping[int, int],
    group_offsets: Mapping[tuple[str, int], int],
    versions: Iterable[Mapping[str, int | None]],
) -> list[Waiting]:
    """Put together what Kafka and the destinations say, but for ages.

    Args:
        topic: Which.
        begins: Of each partition.
        ends: Of each partition.
        group_offsets: By topic and partition.
        versions: What each destination holds, by application id.
    """
    held = list(versions)
    found = []
    for number in range(topic.partitions):
        partition = Partition(topic.name, topic.id, number)
        known = [one[partition.application_id] for one in held]
        durable = [one for one in known if one is not None]
        found.append(
            Waiting(
                partition,
                begins[number],
                ends[number],
                group_offsets.get((topic.name, number)),
                min(durable) + 1 if durable else None,
            )
        )
    return found


def measure(
    cluster: Cluster, destinations: Sequence[Destination], *, group: str, now: datetime
) -> list[Waiting]:
    """The lag of every partition; reads one record of each that lags.

    Args:
        cluster: Where the topics are; a topic that is not there has no lag.
        destinations: All of the regions that the group serves.
        group: Of the workers.
        now: The time.
    """
    group_offsets = cluster.group_offsets(group)
    found: list[Waiting] = []
    for topic in cluster.topics(list(STREAMED)).values():
        wanted = {STREAMED[topic.name].name, DEAD_LETTERS.name}
        names = [
            Partition(topic.name, topic.id, number).application_id
            for number in range(topic.partitions)
        ]
        versions = [one.versions(names) for one in destinations if one.table.name in wanted]
        found += plan(
            topic,
            begins=cluster.beginnings(topic),
            ends=cluster.ends(topic),  # after the versions, so that no lag is negative
            group_offsets=group_offsets,
            versions=versions,
        )
    return [_aged(one, cluster, now) for one in found]


def _aged(one: Waiting, cluster: Cluster, now: datetime) -> Waiting:
    if one.lag <= 0:
        return one
    with closing(cluster.records(one.partition, first=one.first)) as records:
        first = next(records, None)
    age = max(now - first.ingest_time, timedelta(0)) if first else timedelta(0)
    return Waiting(one.partition, one.begin, one.end, one.group_offset, one.next_offset, age)
