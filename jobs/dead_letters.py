"""What was rejected, why and where; and letting a worker go on behind it.

A dead letter is a position, so its record is fetched from Kafka while Kafka has it. Of a record
only that is shown which its sender cannot have put a name into: sizes, times, and which of our own
headers it has.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.kafka import Cluster, KafkaRecord
from schemas.errors import RetryableError, SettingsError
from schemas.lineage import Partition, Position
from storage.lake import Destination

ACCEPTED = "accepted/"
"""Prefix of the application id under which the log keeps what was accepted; workers read it."""

_TRIES = 20
_PLACE = re.compile(r"(?P<topic>[^/:@\s]+):(?P<number>\d+)(@(?P<offset>\d+))?", re.ASCII)
_COLUMNS = ("topic", "topic_id", "partition", "offset", "ingest_time", "reason")
_SHOWN_HEADERS = ("content-type", "fortnight-first-ingest", "fortnight-replay-of")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that was rejected."""

    position: Position
    ingest_time: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant; what is empty does not matter.

    Attributes:
        topic: Of the rejected record.
        reason: A part of it.
        since: Ingested then or later.
        until: Ingested before.
        place: One position.
    """

    topic: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    place: Position | None = None


def read(destination: Destination, selection: Selection) -> list[DeadLetter]:
    """The chosen dead letters, by position."""
    rows = destination.dataset().to_table(list(_COLUMNS), filter=_filter(selection))
    rows = rows.sort_by([(name, "ascending") for name in _COLUMNS[:4]])
    columns = (rows[name].to_pylist() for name in _COLUMNS)
    return [
        DeadLetter(Position(Partition(topic, topic_id, number), offset), time, reason)
        for topic, topic_id, number, offset, time, reason in zip(*columns, strict=True)
    ]


def describe(record: KafkaRecord) -> Iterator[tuple[str, str]]:
    """What may be told of a rejected record: (what, in words)."""
    yield "ingest time", f"{record.ingest_time:%Y-%m-%d %H:%M:%S.%f}"
    yield "record key", _size(record.key)
    yield "value", _size(record.value)
    known = [name for name in _SHOWN_HEADERS if name in dict(record.headers)]
    others = len(record.headers) - len(known)
    yield "headers", ", ".join([*known, f"{others} others"] if others else known) or "none"


def find_partition(cluster: Cluster, text: str) -> tuple[Partition, int | None]:
    """The partition that `TOPIC:PARTITION` or `TOPIC:PARTITION@OFFSET` names now, and the offset.

    Raises:
        SettingsError: It names none.
    """
    if (match := _PLACE.fullmatch(text)) is None:
        raise SettingsError(f"{text}: not TOPIC:PARTITION or TOPIC:PARTITION@OFFSET")
    name, number = match["topic"], int(match["number"])
    topic = cluster.topics([name]).get(name)
    if topic is None or number >= topic.partitions:
        raise SettingsError(f"{name}:{number}: Kafka has no such partition")
    return Partition(name, topic.id, number), None if match["offset"] is None else int(
        match["offset"]
    )


def accept(destination: Destination, partition: Partition, *, until: int, end: int) -> int:
    """Record that what is rejected of a partition up to an offset is right.

    Workers heed it when they take up the partition. Idempotent, and never takes back. Nobody's
    name is recorded: a log may not identify a person; its entry says when.

    Args:
        destination: The dead letters.
        partition: Whose records.
        until: The last accepted offset.
        end: Of the partition: what has not come yet cannot be accepted.

    Returns:
        Up to where it is accepted now.

    Raises:
        SettingsError: `until` lies behind the end.
        RetryableError: It may be recorded, or not.
    """
    if until >= end:
        raise SettingsError(f"--until: {partition} ends at {end}, and {until} lies behind")
    name = ACCEPTED + partition.application_id
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            found = destination.versions([name])[name]
            if found is not None and found >= until:
                return found
            destination.append([], {name: until})
        except RetryableError:  # it may be in the log all the same
            if last:
                raise
    return until


def _filter(selection: Selection) -> ds.Expression:
    wanted = pc.scalar(True)  # noqa: FBT003 - a scalar has no name
    if selection.topic:
        wanted &= pc.field("topic") == selection.topic
    if selection.reason:
        wanted &= pc.match_substring(pc.field("reason"), selection.reason)
    if selection.since:
        wanted &= pc.field("ingest_time") >= selection.since
    if selection.until:
        wanted &= pc.field("ingest_time") < selection.until
    if place := selection.place:
        wanted &= pc.field("topic_id") == place.partition.topic_id
        wanted &= pc.field("partition") == place.partition.number
        wanted &= pc.field("offset") == place.offset
    return wanted


def _size(data: bytes | None) -> str:
    return "none" if data is None else f"{len(data)} bytes"
