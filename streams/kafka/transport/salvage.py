"""Reading a record batch that aiokafka refuses, so that one record never stops a partition.

A broker stores headers whose names are not UTF-8, and aiokafka raises at every try to read the
batch that holds one: the partition would stand still until retention took the batch. Slow; for
the rare batch only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiokafka import codec
from aiokafka.record.default_records import DefaultRecordBase
from aiokafka.record.util import decode_varint

from schemas.errors import IntegrityError

_DECODERS: dict[int, Callable[[bytes], bytes]] = {
    DefaultRecordBase.CODEC_NONE: bytes,
    DefaultRecordBase.CODEC_GZIP: codec.gzip_decode,
    DefaultRecordBase.CODEC_SNAPPY: codec.snappy_decode,
    DefaultRecordBase.CODEC_LZ4: codec.lz4_decode,
    DefaultRecordBase.CODEC_ZSTD: codec.zstd_decode,
}


@dataclass(frozen=True, slots=True)
class SalvagedRecord:
    """A record as `Chunk.add` wants it; without value where it is not one at all."""

    offset: int
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class SalvagedBatch:
    """A record batch read with tolerance: names of headers keep a sign for what is not UTF-8.

    Attributes:
        records: In offset order, each of the batch.
        next_offset: Where the partition goes on behind it.
        time_ms: The broker's time, milliseconds.
    """

    records: list[SalvagedRecord]
    next_offset: int
    time_ms: int


def salvage(raw: bytes) -> SalvagedBatch:
    """Read the batch with which `raw` begins.

    A record whose inner structure is broken has neither value nor headers: a dead letter.

    Raises:
        IntegrityError: The records cannot even be told apart.

    Source: Kafka's protocol guide, record batch of magic 2.
    """
    header = DefaultRecordBase.HEADER_STRUCT.unpack_from(raw)
    base, length, attributes, last_delta, time_ms, count = (header[i] for i in (0, 1, 5, 6, 8, 12))
    end = DefaultRecordBase.AFTER_LEN_OFFSET + length
    body = raw[DefaultRecordBase.HEADER_STRUCT.size : end]
    plain = _DECODERS[attributes & DefaultRecordBase.CODEC_MASK](body)
    try:
        records = [_record(base, one) for one in _split(plain, count)]
    except (IndexError, ValueError):
        raise IntegrityError(f"the batch at offset {base} is broken") from None
    return SalvagedBatch(records, base + last_delta + 1, time_ms)


def _split(plain: bytes, count: int) -> Iterator[bytes]:
    """The bytes of each record, without its length."""
    place = 0
    for _ in range(count):
        length, place = decode_varint(plain, place)
        yield plain[place : place + length]
        place += length


def _record(base: int, raw: bytes) -> SalvagedRecord:
    _, place = decode_varint(raw, 1)  # behind the attributes: the time's delta, which is not ours
    delta, place = decode_varint(raw, place)
    try:
        _, place = _take(raw, place)  # the record's key
        value, place = _take(raw, place)
        return SalvagedRecord(base + delta, value, list(_headers(raw, place)))
    except (IndexError, ValueError):
        return SalvagedRecord(base + delta, None, [])


def _headers(raw: bytes, place: int) -> Iterator[tuple[str, bytes | None]]:
    count, place = decode_varint(raw, place)
    for _ in range(count):
        name, place = _take(raw, place)
        value, place = _take(raw, place)
        yield (name or b"").decode("utf-8", "replace"), value


def _take(raw: bytes, place: int) -> tuple[bytes | None, int]:
    """Bytes with their length before them (-1 for none), and the place behind."""
    length, place = decode_varint(raw, place)
    if length < 0:
        return None, place
    if place + length > len(raw):
        raise ValueError("longer than the record")
    return raw[place : place + length], place + length
