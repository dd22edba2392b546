"""Records as Kafka has them, read from an offset on."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from jobs.kafka.answers import PATIENCE_SECONDS, KafkaUnavailableError, translated
from schemas.lineage import Partition, Position


@dataclass(frozen=True, slots=True)
class KafkaRecord:
    """A record as Kafka has it: raw, so never to be printed, logged or kept.

    Attributes:
        ingest_time: The broker's timestamp, UTC.
    """

    position: Position
    ingest_time: datetime
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: tuple[tuple[str, bytes], ...] = field(repr=False)


def read(consumer: KafkaConsumer, partition: Partition, first: int) -> Iterator[KafkaRecord]:
    """The records of a partition from an offset to its present end, in order."""
    at = TopicPartition(partition.topic, partition.number)
    with translated():
        consumer.assign([at])
        consumer.seek(at, first)
        end = consumer.end_offsets([at])[at]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while consumer.position(at) < end:
        with translated():
            try:
                fetched = consumer.poll(timeout_ms=500).get(at, [])
            except OffsetOutOfRangeError:
                return
        if fetched:
            deadline = time.monotonic() + PATIENCE_SECONDS
        elif time.monotonic() > deadline:
            raise KafkaUnavailableError(f"{partition} was not read to its end")
        for found in fetched:
            yield _record(partition, found)


def _record(partition: Partition, found: Any) -> KafkaRecord:  # noqa: ANN401 - an untyped client's
    return KafkaRecord(
        Position(partition, found.offset),
        datetime.fromtimestamp(found.timestamp / 1000, UTC),
        key=found.key,
        value=found.value,
        headers=tuple(found.headers),
    )
