"""Records of those who ask that Kafka still has, raw as they were sent, from one pass over it.

There is no index: every record of the input topics is looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.kafka import Cluster, KafkaRecord
from jobs.subjects.access.search.claims import Claims, content_type
from jobs.subjects.access.search.spill import Place, Spill
from schemas.lineage import Partition, Position
from schemas.tables import STREAMED
from schemas.tables.declare import INSTANT
from storage.lake import Destination

SCHEMA = pa.schema(
    {
        "topic": pa.string(),
        "topic_id": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "arrived": INSTANT,
        "content_type": pa.string(),
        "rejected": pa.string(),
        "content": pa.binary(),
    }
)
"""A record as it was sent; `rejected` is the reason of its dead letter, null where it is none."""

REJECTED = pa.schema([SCHEMA.field(i) for i in (0, 2, 3, 4, 6)])
"""What is told of a record that was rejected."""

_TOGETHER = 1_000
"""Records of a person that are put aside at once."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A partition that was read.

    Attributes:
        first: The first offset that Kafka had.
        next_offset: All before it were looked at.
        records: How many that were.
        mine: By place of the person, how many are theirs.
    """

    partition: Partition
    first: int
    next_offset: int
    records: int
    mine: Mapping[int, int]

    def has(self, rows: pa.Table) -> int:
        """How many of some rows were made of records that it read."""
        here = (pc.field("topic_id") == self.partition.topic_id) & (
            pc.field("partition") == self.partition.number
        )
        read = (pc.field("offset") >= self.first) & (pc.field("offset") < self.next_offset)
        return int(rows.filter(here & read).num_rows)


@dataclass(frozen=True, slots=True)
class InKafka:
    """What Kafka has.

    Attributes:
        passed: What was looked at.
        kept: By place of the person, their records as `SCHEMA` says.
    """

    passed: tuple[Passed, ...]
    kept: Mapping[int, Sequence[Place]]


class DeadLetters:
    """Which records were rejected, and why, by position."""

    def __init__(self, rows: pa.Table) -> None:
        """Index them.

        Args:
            rows: Of `dead_letters`: `topic_id`, `partition`, `offset`, `reason`.
        """
        self._reasons: dict[tuple[str, int], tuple[np.ndarray, pa.Array]] = {}
        places = rows.group_by(["topic_id", "partition"]).aggregate([])
        for topic_id, number in zip(*places.to_pydict().values(), strict=True):
            mine = (pc.field("topic_id") == topic_id) & (pc.field("partition") == number)
            chosen = rows.filter(mine).sort_by("offset").combine_chunks()
            key = topic_id, number
            self._reasons[key] = chosen["offset"].to_numpy(), chosen["reason"]

    @classmethod
    def read(cls, destination: Destination, topic_ids: Sequence[str]) -> "DeadLetters":
        """Those of some topics."""
        columns = ["topic_id", "partition", "offset", "reason"]
        wanted = ds.field("topic_id").isin([*topic_ids])
        return cls(destination.dataset().to_table(columns, filter=wanted))

    def reason(self, at: Position) -> str | None:
        """Why a record was rejected; None where it was not."""
        key = at.partition.topic_id, at.partition.number
        if key not in self._reasons:
            return None
        offsets, reasons = self._reasons[key]
        place = int(np.searchsorted(offsets, at.offset))
        if place == len(offsets) or offsets[place] != at.offset:
            return None
        reason: str = reasons[place].as_py()
        return reason


def look(
    cluster: Cluster,
    claims: Claims,
    dead_letters: Destination | None,
    spill: Spill,
) -> InKafka:
    """Read every input topic from its beginning to its present end.

    Args:
        claims: Whose a record is.
        dead_letters: Say why records were rejected; None: nobody may ask them here.
        spill: Where records are put aside.

    Raises:
        RetryableError: Kafka, or the store, does not answer.
    """
    topics = cluster.topics(table.topic for table in STREAMED.values())
    ids = [topic.id for topic in topics.values()]
    letters = DeadLetters.read(dead_letters, ids) if dead_letters else None
    desk = _Desk(claims, letters, spill)
    passed = []
    for topic in topics.values():
        for number, first in cluster.beginnings(topic).items():
            at = Partition(topic.name, topic.id, number)
            passed.append(desk.go_through(at, first, cluster.records(at, first=first)))
    return InKafka(tuple(passed), desk.close())


def of_topic(records: pa.Table, topic: str) -> pa.Table:
    """Those of some records that came to a topic."""
    return records.filter(pc.field("topic") == topic)


def rejected(records: pa.Table) -> pa.Table:
    """Those of some records that were rejected, as `REJECTED` says."""
    return records.filter(pc.field("rejected").is_valid()).select(REJECTED.names)


@dataclass(slots=True)
class _Desk:
    """Sorts records by person."""

    claims: Claims
    letters: DeadLetters | None
    spill: Spill
    waiting: dict[int, list[tuple[object, ...]]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[int, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def go_through(
        self, partition: Partition, first: int, records: Iterator[KafkaRecord]
    ) -> Passed:
        next_offset, n, mine = first, 0, Counter[int]()
        for record in records:
            next_offset, n = record.position.offset + 1, n + 1
            for place in self.claims.owners(record):
                mine[place] += 1
                self._take(place, record)
        return Passed(partition, first, next_offset, n, mine)

    def _take(self, place: int, record: KafkaRecord) -> None:
        at = record.position
        waiting = self.waiting[place]
        waiting.append(
            (
                at.partition.topic,
                at.partition.topic_id,
                at.partition.number,
                at.offset,
                record.ingest_time,
                content_type(record),
                self.letters.reason(at) if self.letters else None,
                record.value,
            )
        )
        if len(waiting) >= _TOGETHER:
            self._put_aside(place)

    def _put_aside(self, place: int) -> None:
        columns = zip(*self.waiting.pop(place), strict=True)
        arrays = [pa.array(one, kind) for one, kind in zip(columns, SCHEMA.types, strict=True)]
        self.kept[place].append(self.spill.put(pa.Table.from_arrays(arrays, schema=SCHEMA)))

    def close(self) -> Mapping[int, Sequence[Place]]:
        for place in [*self.waiting]:
            self._put_aside(place)
        return self.kept
