"""How far behind durable rows are: the destinations' logs say, the group's offsets only claim."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    spans: Mapping[tuple[str, int], tuple[int, int]],
    group_offsets: Mapping[tuple[str, int], int],
    versions: Iterable[Mapping[str, int | None]],
) -> list[Waiting]:
    """Put together what Kafka and the destinations say, but for ages.

    Args:
        topic: Which.
        spans: The first offset that Kafka has and the next one, by topic and partition.
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
                *spans[topic.name, number],
                group_offsets.get((topic.name, number)),
                min(durable) + 1 if durable else None,
            )
        )
    return found


def compare(
    cluster: Cluster,
    topics: Iterable[Topic],
    *,
    group_offsets: Mapping[tuple[str, int], int],
    versions: Mapping[str, Sequence[Mapping[str, int | None]]],
) -> list[Waiting]:
    """What waits of every partition, but for ages; asks Kafka twice, however many there are.

    Args:
        topics: Which.
        group_offsets: By topic and partition.
        versions: Topic -> what each of its destinations holds, by application id; read before
            this call, so that no lag is negative.
    """
    wanted = list(topics)
    spans = cluster.spans(wanted)
    return [
        waiting
        for topic in wanted
        for waiting in plan(
            topic,
            spans=spans,
            group_offsets=group_offsets,
            versions=versions[topic.name],
        )
    ]


def tables_of(topic: str) -> set[str]:
    """The tables whose logs hold positions of a topic."""
    return {STREAMED[topic].name, DEAD_LETTERS.name}


def names_of(topic: Topic) -> list[str]:
    """The application ids of a topic's partitions."""
    numbers = range(topic.partitions)
    return [Partition(topic.name, topic.id, number).application_id for number in numbers]


def aged(
    waiting: Iterable[Waiting],
    times: Callable[[Mapping[Partition, int]], Mapping[Partition, datetime]],
    now: datetime,
) -> list[Waiting]:
    """The same with the age of each first record that waits.

    Args:
        waiting: Of one cluster.
        times: Tells when the first record of each partition from an offset on came.
        now: The time.
    """
    found = list(waiting)
    came = times({one.partition: one.first for one in found if one.lag > 0})
    zero = timedelta(0)
    return [
        replace(one, age=max(now - came.get(one.partition, now), zero)) if one.lag > 0 else one
        for one in found
    ]


def measure(
    cluster: Cluster, destinations: Sequence[Destination], *, group: str, now: datetime
) -> list[Waiting]:
    """The lag of every partition; asks when the first record came of those that lag.

    Args:
        cluster: Where the topics are; a topic that is not there has no lag.
        destinations: All of the regions that the group serves.
        group: Of the workers.
        now: The time.
    """
    group_offsets = cluster.group_offsets(group)
    topics = cluster.topics(list(STREAMED)).values()
    versions = {
        topic.name: [
            one.versions(names_of(topic))
            for one in destinations
            if one.table.name in tables_of(topic.name)
        ]
        for topic in topics
    }
    waiting = compare(cluster, topics, group_offsets=group_offsets, versions=versions)
    return aged(waiting, cluster.first_times, now)
