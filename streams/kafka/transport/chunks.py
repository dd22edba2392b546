"""A chunk: what one fetch brought of a partition, as columns and never as record objects.

aiokafka hands out one object a record, which costs more than everything else that is done to a
record. Here whole record batches are drained by the same rules as `PartitionRecords` follows
(CRC, control batches, aborted transactions, a start in the middle of a batch).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatch

from schemas.batches import Headers, WireBatch
from schemas.errors import IntegrityError
from schemas.lineage import Partition, Position

LOG_APPEND_TIME = 1
"""Kafka's timestamp type of a batch whose time is the broker's."""

_MICROSECONDS = 1_000  # in Kafka's milliseconds
_OFFSET, _VALUE, _HEADERS = map(attrgetter, ("offset", "value", "headers"))


class UnreadableBatchError(Exception):
    """aiokafka cannot read a record batch; what was fetched is of no more use.

    Attributes:
        before: What comes before it; the partition stands where this ends.
    """

    def __init__(self, before: WireBatch) -> None:
        super().__init__(str(Position(before.partition, before.next_offset)))
        self.before = before


@dataclass(frozen=True, slots=True)
class Limits:
    """When a chunk is full; the batch that fills it still goes in as a whole."""

    records: int = 20_000
    byte_size: int = 4 * 2**20


@dataclass(slots=True)
class Chunk:
    """Records of one partition that are being collected.

    Attributes:
        partition: Whose they are.
        first: Where the partition stood before.
        byte_size: Bytes of the values.
    """

    partition: Partition
    first: int
    byte_size: int = 0
    _offsets: list[int] = field(default_factory=list)
    _values: list[bytes | None] = field(default_factory=list)
    _headers: dict[int, Headers] = field(default_factory=dict)
    _times: list[int] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)

    def is_full(self, limits: Limits) -> bool:
        """Whether no further batch should go in."""
        return len(self._values) >= limits.records or self.byte_size >= limits.byte_size

    def add(self, batch: Iterable[Any], *, start: int, time_ms: int) -> None:
        """Add all records of a batch from offset `start` on, or none if it raises.

        Args:
            batch: Records as aiokafka has them, in offset order.
            start: Records below it are left out.
            time_ms: The broker's time of all records of the batch, milliseconds.

        Raises:
            ValueError: A record cannot be read; nothing of its content is in the message.
        """
        try:
            records = [record for record in batch if record.offset >= start]
            headers = list(map(_HEADERS, records))
        except UnicodeDecodeError:
            raise ValueError("a header's name is not UTF-8") from None
        if any(headers):
            places = enumerate(headers, len(self._values))
            self._headers |= {place: _plain(tuple(found)) for place, found in places if found}
        values: list[bytes | None] = list(map(_VALUE, records))
        self.byte_size += sum(map(len, filter(None, values)))
        self._offsets += map(_OFFSET, records)
        self._values += values
        self._times.append(time_ms * _MICROSECONDS)
        self._counts.append(len(values))

    def batch(self, next_offset: int) -> WireBatch:
        """Return what was collected; the partition now stands at `next_offset`."""
        return WireBatch(
            partition=self.partition,
            first=self.first,
            next_offset=next_offset,
            offsets=np.array(self._offsets, np.int64),
            ingest_times=np.repeat(
                np.array(self._times, np.int64), np.array(self._counts, np.int64)
            ),
            values=self._values,
            headers=self._headers,
        )


def drain(records: PartitionRecords, partition: Partition, limits: Limits) -> WireBatch:
    """Take the next chunk out of what was fetched.

    Records that no reader of committed data sees (aborted, transaction markers) are left out, but
    the position moves over them: the batch may be empty.

    Args:
        records: What one fetch brought of it; its `next_fetch_offset` moves.
        partition: Whose they are.
        limits: When the chunk is full.

    Raises:
        UnreadableBatchError: A batch cannot be read; carries what was taken before it.
        IntegrityError: A batch's checksum is wrong, or its time is not the broker's.
    """
    chunk = Chunk(partition, records.next_fetch_offset)
    while not chunk.is_full(limits) and records._records.has_next():
        batch = records._records.next_batch()
        if _is_visible(records, batch, partition):
            try:
                chunk.add(batch, start=records.next_fetch_offset, time_ms=batch.max_timestamp)
            except ValueError:
                raise UnreadableBatchError(chunk.batch(records.next_fetch_offset)) from None
        records.next_fetch_offset = batch.next_offset
    return chunk.batch(records.next_fetch_offset)


def _is_visible(records: PartitionRecords, batch: DefaultRecordBatch, partition: Partition) -> bool:
    """Whether the batch's records are for readers; the rules of `PartitionRecords`."""
    place = Position(partition, batch.base_offset)
    if records._check_crcs and not batch.validate_crc():
        raise IntegrityError(f"{place}: checksum of the batch is wrong")
    if records._isolation_level == READ_COMMITTED and batch.producer_id is not None:
        records._consume_aborted_up_to(batch.base_offset)
        if batch.is_control_batch and records._contains_abort_marker(batch):
            records._aborted_producers.discard(batch.producer_id)
        if batch.is_transactional and batch.producer_id in records._aborted_producers:
            return False
    if batch.is_control_batch:
        return False
    if batch.timestamp_type != LOG_APPEND_TIME:
        raise IntegrityError(f"{place}: the batch's time is its producer's, not the broker's")
    return True


@lru_cache(maxsize=64)  # a fleet sends a few headers, millions of times
def _plain(headers: tuple[tuple[str, bytes | None], ...]) -> Headers:
    return tuple((name, value or b"") for name, value in headers)
