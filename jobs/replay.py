"""Send rejected records again: none is lost, none is sent twice.

A copy and the mark that it was sent go to Kafka in one transaction: a data topic gets the copy,
`fortnight.replays` the mark, both or neither. A run takes the producer's one name first, which ends
every run before it, whatever it had begun; then it reads the marks; then it sends what has none. So
a run may be killed anywhere, two at once are one after the other, and either is simply run again.

A copy has the record's own key, value and content type, goes to the same partition, and says where
it comes from and when the record first came, so that its fortnight does not begin anew.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, takewhile

from jobs.dead_letters import DeadLetter
from jobs.kafka import Cluster, KafkaRecord, KafkaUnavailableError, Producer
from schemas.lineage import Partition, Position
from schemas.retention import microseconds
from schemas.settings import Settings

MARKS = "fortnight.replays"
"""The topic of marks, a position each: no more can be told from it than from the dead letters."""

FIRST_INGEST = "fortnight-first-ingest"
"""Header: microseconds since 1970 when the record first came; the worker reads it."""

NAME = "fortnight-replay"
"""Of the producer: the newest that takes it is the only one."""

REPLAY_OF = "fortnight-replay-of"
"""Header: `topic id/partition/offset` of the rejected record."""

_KEPT_HEADERS = ("content-type",)
_TOGETHER = 100
"""Records of one transaction: 100 MB where each is as large as Kafka takes by default."""

_RUN_GAP = 5_000
"""Reading on over so many records costs what reaching the broker anew does, some 0.1 s."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run sends.

    Attributes:
        send: By position.
        sent_before: How many have a mark.
        gone: Kafka has them no more.
    """

    send: tuple[DeadLetter, ...]
    sent_before: int
    gone: tuple[DeadLetter, ...]


def plan(
    letters: Sequence[DeadLetter],
    marks: AbstractSet[str],
    beginnings: Mapping[Partition, int],
) -> Plan:
    """Decide which are sent.

    Args:
        letters: The chosen ones, by position.
        marks: Of those that were sent.
        beginnings: The first offset that Kafka has of each partition that there is.
    """
    unsent = [letter for letter in letters if mark(letter.position) not in marks]
    there = [letter for letter in unsent if _is_there(letter.position, beginnings)]
    gone = [letter for letter in unsent if not _is_there(letter.position, beginnings)]
    return Plan(tuple(there), len(letters) - len(unsent), tuple(gone))


def look(letters: Sequence[DeadLetter], cluster: Cluster) -> Plan:
    """The plan as things are; what another run sends meanwhile is not known."""
    names = sorted({letter.position.partition.topic for letter in letters})
    beginnings = {
        Partition(topic.name, topic.id, number): first
        for topic in cluster.topics(names).values()
        for number, first in cluster.beginnings(topic).items()
    }
    return plan(letters, _read_marks(cluster), beginnings)


def replay(letters: Sequence[DeadLetter], cluster: Cluster, settings: Settings) -> Plan:
    """Send those that were not sent yet; what was done.

    Args:
        letters: By position.
        cluster: Where they came from.
        settings: Of the topics.

    Raises:
        RetryableError: Some may be left: run again.
    """
    _make_marks_topic(cluster, settings)
    with cluster.producer(NAME) as producer:
        decided = look(letters, cluster)  # after the name is ours: marks are complete
        for run in _runs(decided.send):
            _send(run, cluster, producer)
    return decided


def copy(record: KafkaRecord) -> KafkaRecord:
    """The record as it is sent again."""
    headers = dict(record.headers)
    at = record.position
    origin = f"{at.partition.topic_id}/{at.partition.number}/{at.offset}"
    return KafkaRecord(
        at,
        record.ingest_time,
        record.key,
        record.value,
        (
            *((name, headers[name]) for name in _KEPT_HEADERS if name in headers),
            (FIRST_INGEST, b"%d" % _first_ingest(record)),
            (REPLAY_OF, origin.encode()),
        ),
    )


def mark(position: Position) -> str:
    """The key of a position's mark."""
    return f"{position.partition.application_id}@{position.offset}"


def _first_ingest(record: KafkaRecord) -> int:
    now = microseconds(record.ingest_time)
    said = dict(record.headers).get(FIRST_INGEST, b"")
    return min(now, int(said[:19])) if said.isdigit() else now


def _is_there(position: Position, beginnings: Mapping[Partition, int]) -> bool:
    return position.offset >= beginnings.get(position.partition, position.offset + 1)


def _make_marks_topic(cluster: Cluster, settings: Settings) -> None:
    """Marks are kept as long as a record that they are of can be."""
    longest = settings.topic_retention + 2 * settings.topic_segment
    wanted = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(round(longest.total_seconds() * 1000)),
    }
    cluster.create(MARKS, 1, wanted, replication=settings.replication)


def _read_marks(cluster: Cluster) -> set[str]:
    topic = cluster.topics([MARKS]).get(MARKS)
    if topic is None:
        return set()
    partition = Partition(topic.name, topic.id, 0)
    first = cluster.beginnings(topic)[0]
    return {(mark.key or b"").decode() for mark in cluster.records(partition, first=first)}


def _runs(letters: Sequence[DeadLetter]) -> Iterator[Sequence[DeadLetter]]:
    """Letters of one partition each, close to each other: they are read in one go."""
    start = 0
    for end in range(1, len(letters) + 1):
        if end == len(letters) or _is_far(letters[end - 1], letters[end]):
            yield letters[start:end]
            start = end


def _is_far(one: DeadLetter, other: DeadLetter) -> bool:
    a, b = one.position, other.position
    return a.partition != b.partition or b.offset - a.offset > _RUN_GAP


def _send(letters: Sequence[DeadLetter], cluster: Cluster, producer: Producer) -> None:
    """Send copies and their marks, some at once.

    Raises:
        KafkaUnavailableError: Kafka has one of the records no more, though it had: plan again.
    """
    sent = 0
    with closing(_fetch(letters, cluster)) as records:
        while together := list(islice(records, _TOGETHER)):
            _send_at_once(list(map(copy, together)), producer)
            sent += len(together)
    if sent < len(letters):
        raise KafkaUnavailableError(f"{letters[0].position}: records went while they were read")


def _send_at_once(copies: Sequence[KafkaRecord], producer: Producer) -> None:
    with producer.at_once():
        for one in copies:
            at = one.position.partition
            producer.send(at.topic, one.key, one.value, one.headers, partition=at.number)
            producer.send(MARKS, mark(one.position).encode(), b"", partition=0)


def _fetch(letters: Sequence[DeadLetter], cluster: Cluster) -> Generator[KafkaRecord, None, None]:
    wanted = {letter.position.offset for letter in letters}
    last = max(wanted)
    with closing(cluster.records(letters[0].position.partition, first=min(wanted))) as found:
        for record in takewhile(lambda record: record.position.offset <= last, found):
            if record.position.offset in wanted:
                yield record
