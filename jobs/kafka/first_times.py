"""When the first of several partitions' waiting records came: one small fetch for all of them."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import OffsetOutOfRangeError

from jobs.kafka.answers import KafkaUnavailableError, translated
from schemas.lineage import Partition

FETCH_BYTES = 2**14
"""Of a partition: brokers send a larger first batch all the same (KIP-74)."""

_POLL_MILLISECONDS = 200
_MOST_RECORDS = 100_000
"""Of a poll: with the client's 500, more partitions than that take several fetches."""


def first_times(
    consumer: KafkaConsumer, wanted: Mapping[Partition, int], patience: timedelta
) -> dict[Partition, datetime]:
    """The broker's time of the first record of each partition from an offset on.

    Args:
        consumer: Reads committed records, belongs to no group, and fetches `FETCH_BYTES` at once.
        wanted: Partition -> offset, both of topics as they are now.
        patience: How long may pass without news.

    Returns:
        Without those that have no such record: only markers of transactions are there, or
        retention took it meanwhile.

    Raises:
        KafkaUnavailableError: Kafka does not answer.
    """
    places = {TopicPartition(one.topic, one.number): one for one in wanted}
    found: dict[Partition, datetime] = {}
    with translated():
        _place(consumer, {at: wanted[one] for at, one in places.items()})
        ends = consumer.end_offsets(list(places))
    left, deadline = set(places), time.monotonic() + patience.total_seconds()
    while left:
        news = _poll(consumer, left)
        found |= {places[at]: time for at, time in news.items()}
        with translated():
            over = {at for at in left - news.keys() if consumer.position(at) >= ends[at]}
        left -= news.keys() | over
        if news or over:
            consumer.pause(*(news.keys() | over))
            deadline = time.monotonic() + patience.total_seconds()
        elif time.monotonic() > deadline:
            raise KafkaUnavailableError(f"{len(left)} partitions sent no record in time")
    return found


def _place(consumer: KafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
    consumer.assign(list(offsets))
    consumer.resume(*offsets)
    for at, offset in offsets.items():
        consumer.seek(at, offset)


def _poll(consumer: KafkaConsumer, left: set[TopicPartition]) -> dict[TopicPartition, datetime]:
    """What came of those that are left; takes off `left` what Kafka does not have any more."""
    with translated():
        try:
            fetched = consumer.poll(timeout_ms=_POLL_MILLISECONDS, max_records=_MOST_RECORDS)
        except OffsetOutOfRangeError as error:
            gone = left & set(error.args[0])
            consumer.pause(*gone)
            left.difference_update(gone)
            return {}
    return {
        at: datetime.fromtimestamp(records[0].timestamp / 1000, UTC)
        for at, records in fetched.items()
        if at in left and records
    }
