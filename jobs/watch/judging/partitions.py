"""What is known of each partition, put together: Kafka's side, the logs' side, and the past."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.kafka import Topic
from jobs.kafka.groups import GroupDescription, Member
from jobs.lag import Waiting, tables_of
from jobs.watch.judging.sentences import Facts, sentence
from jobs.watch.places.table_log import TableSeen
from jobs.watch.state import PartitionState
from jobs.watch.verdict import Sample, judge
from schemas.lineage import Partition
from schemas.tables import DEAD_LETTERS


@dataclass(frozen=True, slots=True)
class KafkaSeen:
    """Kafka's side.

    Attributes:
        waiting: Of every partition of `topics`.
    """

    topics: Mapping[str, Topic]
    group: GroupDescription
    waiting: Sequence[Waiting]


@dataclass(slots=True)
class Partitions:
    """Judges partitions by how they moved.

    Attributes:
        patience: What a record may wait while everything is well: a few flushes.
    """

    patience: timedelta
    _samples: dict[Partition, deque[Sample]] = field(default_factory=dict)

    def states(
        self, kafka: KafkaSeen, tables: Sequence[TableSeen], now: datetime
    ) -> tuple[PartitionState, ...]:
        """Every partition, by topic and number.

        Args:
            kafka: As it was seen after the tables.
            tables: Every destination, as it was last seen.
            now: The time; later than the last.
        """
        owners = {place: one for one in kafka.group.members for place in one.partitions}
        progress = _progress(kafka.waiting, owners, tables)
        logs = {topic: _of(topic, tables) for topic in kafka.topics}
        return tuple(
            self._state(
                one,
                logs[one.partition.topic],
                owners.get((one.partition.topic, one.partition.number)),
                retention=_retention(kafka.topics[one.partition.topic]),
                progress=progress,
                now=now,
            )
            for one in sorted(kafka.waiting, key=lambda one: one.partition)
        )

    def _state(
        self,
        waiting: Waiting,
        logs: Sequence[TableSeen],
        owner: Member | None,
        *,
        retention: timedelta | None,
        progress: Mapping[str, datetime],
        now: datetime,
    ) -> PartitionState:
        name = waiting.partition.application_id
        slowest = _slowest(name, logs)
        moved = slowest.moved.get(name) if slowest else None
        done = progress.get(owner.consumer_id) if owner else None
        verdict = judge(
            self._remember(waiting.partition, _sample(waiting, done, now)), self.patience
        )
        first = waiting.begin if waiting.next_offset is None else waiting.next_offset
        missing = max(0, waiting.begin - first)
        lost = max((log.lost.get(name, 0) for log in logs), default=0) + missing
        loss = retention - waiting.age if retention and waiting.age else None
        return PartitionState(
            waiting.partition,
            begin=waiting.begin,
            end=waiting.end,
            group_offset=waiting.group_offset,
            next_offset=waiting.next_offset,
            slowest=str(slowest.destination) if slowest else "",
            group_lag=None if waiting.group_offset is None else waiting.end - waiting.group_offset,
            lag=waiting.lag,
            lag_time=waiting.age,
            time_to_loss=loss,
            commit_age=now - moved if moved else None,
            lost=lost,
            owner=owner.consumer_id if owner else "",
            host=owner.host if owner else "",
            verdict=verdict,
            sentence=sentence(verdict, Facts(waiting, owner, loss, missing)),
        )

    def _remember(self, partition: Partition, sample: Sample) -> Sequence[Sample]:
        """The samples that count: those of the last `patience`, and the one before them."""
        samples = self._samples.setdefault(partition, deque())
        samples.append(sample)
        while len(samples) > 1 and sample.time - samples[1].time > self.patience:
            samples.popleft()
        return tuple(samples)


def _sample(waiting: Waiting, progress: datetime | None, now: datetime) -> Sample:
    begin = waiting.begin
    return Sample(
        now,
        begin,
        begin if waiting.next_offset is None else waiting.next_offset,
        waiting.group_offset,
        waiting.lag if waiting.age else 0,
        waiting.age,
        progress,
    )


def _of(topic: str, tables: Iterable[TableSeen]) -> list[TableSeen]:
    """The topic's destinations; dead letters last, so that they are not named without need."""
    names = tables_of(topic)
    mine = (one for one in tables if one.destination.table.name in names)
    return sorted(mine, key=lambda one: one.destination.table is DEAD_LETTERS)


def _slowest(name: str, logs: Iterable[TableSeen]) -> TableSeen | None:
    known = [(log.versions.get(name), log) for log in logs]
    return min(
        ((version, log) for version, log in known if version is not None),
        key=lambda one: one[0],
        default=(None, None),
    )[1]


def _progress(
    waiting: Iterable[Waiting],
    owners: Mapping[tuple[str, int], Member],
    tables: Sequence[TableSeen],
) -> dict[str, datetime]:
    """Consumer id -> when something of any of its partitions was last made durable."""
    moved: dict[str, datetime] = {}
    for table in tables:
        for name, time in table.moved.items():
            moved[name] = max(time, moved.get(name, time))
    found: dict[str, datetime] = {}
    for one in waiting:
        owner = owners.get((one.partition.topic, one.partition.number))
        last = moved.get(one.partition.application_id)
        if owner and last:
            found[owner.consumer_id] = max(last, found.get(owner.consumer_id, last))
    return found


def _retention(topic: Topic) -> timedelta | None:
    milliseconds = int(topic.settings.get("retention.ms", "-1"))
    return timedelta(milliseconds=milliseconds) if milliseconds >= 0 else None
