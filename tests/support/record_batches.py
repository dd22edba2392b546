"""Record batches as a broker stores them, made with aiokafka's own builder."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

TIME_MS = 1_763_735_400_000
_LOG_APPEND_TIME, _CONTROL = 0x08, 0x20
_ATTRIBUTES, _MAX_TIMESTAMP = 21, 35
"""Places in the batch's header, bytes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A record, by its distance from the batch's first offset."""

    delta: int
    value: bytes | None = b"value"
    headers: tuple[tuple[str, bytes | None], ...] = ()


def batch(
    base: int,
    records: Sequence[Sent],
    *,
    codec: int = DefaultRecordBase.CODEC_NONE,
    producer: int = -1,
    attributes: int = _LOG_APPEND_TIME,
) -> bytes:
    """One batch; transactional when it has a producer."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=codec,
        is_transactional=producer >= 0,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=0,
        batch_size=2**24,
    )
    for one in records:
        builder.append(one.delta, TIME_MS, b"a key", one.value, list(one.headers))
    return stamped(bytes(builder.build()), base, attributes)


def marker(base: int, producer: int, *, commit: bool) -> bytes:
    """The batch with which a broker ends a transaction."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=producer,
        producer_epoch=0,
        base_sequence=-1,
        batch_size=1000,
    )
    builder.append(0, TIME_MS, struct.pack(">HH", 0, commit), b"\0" * 6, [])
    return stamped(bytes(builder.build()), base, _LOG_APPEND_TIME | _CONTROL)


def stamped(raw: bytes, base: int, attributes: int) -> bytes:
    """What the broker does to a batch: offset, time, attributes, and the checksum anew."""
    made = bytearray(raw)
    struct.pack_into(">q", made, 0, base)
    (before,) = struct.unpack_from(">h", made, _ATTRIBUTES)
    struct.pack_into(">h", made, _ATTRIBUTES, before | attributes)
    struct.pack_into(">q", made, _MAX_TIMESTAMP, TIME_MS)
    struct.pack_into(">I", made, 17, calc_crc32c(bytes(made[_ATTRIBUTES:])))
    return bytes(made)


def fetched(
    *batches: bytes, position: int = 0, aborted: Sequence[tuple[int, int]] = ()
) -> PartitionRecords:
    """What a fetch from `position` brought.

    Args:
        batches: In offset order.
        position: Where the consumer stands.
        aborted: (producer, first offset) of each aborted transaction.
    """
    return PartitionRecords(
        TopicPartition("fleet.telemetry", 0),
        MemoryRecords(b"".join(batches)),
        list(aborted),
        position,
        None,
        None,
        True,  # noqa: FBT003 - aiokafka's signature
        READ_COMMITTED,
    )
