"""Publishing the benchmark's records beforehand; not timed."""

from collections.abc import Iterable, Iterator
from itertools import islice

from confluent_kafka import Producer

from jobs.bench.workload.readings import Record
from schemas.errors import RetryableError

Headers = list[tuple[str, str | bytes | None]] | None
"""What every record is published with."""

_AT_ONCE = 10_000


def publish(
    bootstrap_servers: str,
    topic: str,
    records: Iterable[Record],
    headers: Headers = None,
) -> int:
    """Publish records in lz4 batches, partitioned by their keys; every one is acknowledged.

    Returns:
        How many.

    Raises:
        RetryableError: Kafka did not take them all.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "compression.type": "lz4",
            "linger.ms": 50,
            "batch.size": 1 << 20,
            "queue.buffering.max.kbytes": 1 << 20,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    count = 0
    for some in _chunked(records):
        for record_key, value in some:
            producer.produce(topic, value, record_key, headers=headers)
        count += len(some)
        producer.poll(0)
        while len(producer) > _AT_ONCE * 10:
            producer.poll(0.01)
    if left := producer.flush(60):
        raise RetryableError(f"{topic}: Kafka did not take {left} records")
    return count


def _chunked(records: Iterable[Record]) -> Iterator[list[Record]]:
    remaining = iter(records)
    while some := list(islice(remaining, _AT_ONCE)):
        yield some
