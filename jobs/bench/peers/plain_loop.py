"""A plain loop over confluent-kafka: the least that the same work costs, with no guarantee at all.

Typed columns by pyarrow's JSON reader, identifiers replaced by HMAC once a distinct value, rows
sorted as ours, one Parquet file an event date and flush. It checks no value, knows no registration,
region or retention, keeps no positions of its own, and loses or repeats records when it is killed.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import pyarrow.parquet as pq
from confluent_kafka import Consumer
from numpy.typing import NDArray

from jobs.bench.peers.task import Bucket, Progress, Task

_AT_ONCE = 10_000
_DAY = 86_400_000_000
_NARROW = {
    "battery_level": pa.int16(),
    "x": pa.float32(),
    "y": pa.float32(),
    "area": pa.int32(),
    "duration": pa.int32(),
    "fault_code": pa.int32(),
    "latitude": pa.float32(),
    "longitude": pa.float32(),
}
_WORDS = ("status", "status_flag", "fan_speed", "firmware")
_IDENTIFIERS = ("device", "session")
_PARSED = pa.schema(
    [(name, pa.string()) for name in (*_IDENTIFIERS, *_WORDS)]
    + [(name, pa.int64()) for name in ("event_time", "battery_level", "area", "duration")]
    + [("fault_code", pa.int64())]
    + [(name, pa.float64()) for name in ("x", "y", "latitude", "longitude")]
)
_READ = pa.json.ReadOptions(use_threads=False, block_size=1 << 24)
_PARSE = pa.json.ParseOptions(explicit_schema=_PARSED, unexpected_field_behavior="ignore")
_SCREEN = msgspec.json.Decoder(msgspec.Raw)


def main() -> None:
    """Read the topic for ever, and put a file whenever there are enough rows."""
    task, secret = Task.from_arguments(), secrets.token_bytes(32)
    bucket, progress = Bucket(task), Progress()
    with ThreadPoolExecutor(1) as pool:  # S3's answers are waited for beside the work
        putting: Future[None] | None = None
        for tables, count in _collected(task, progress):
            found = encode(pa.concat_tables(tables), secret, task.zstd_level)
            if putting:
                putting.result()
            putting = pool.submit(put, bucket, found, progress, count)


def records(task: Task, progress: Progress) -> Iterator[list[bytes]]:
    """Values of the topic's records, some thousands at once, for ever."""
    consumer = Consumer(
        {
            "bootstrap.servers": task.bootstrap_servers,
            "group.id": task.group,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 10,  # 1,000 by default: an eighth of the speed
        }
    )
    consumer.subscribe([task.topic])
    while True:
        values = [message.value() for message in consumer.consume(_AT_ONCE, 0.2)]
        if values:
            progress.began()
            yield [value for value in values if value]


def _collected(task: Task, progress: Progress) -> Iterator[tuple[list[pa.Table], int]]:
    tables, count = [], 0
    for values in records(task, progress):
        tables.append(parse(values))
        count += len(values)
        if count >= task.rows:
            yield tables, count
            tables, count = [], 0


def parse(values: list[bytes]) -> pa.Table:
    """The values that are JSON, as typed columns."""
    try:
        return _read(values)
    except pa.ArrowInvalid:  # one broken record spoils the chunk: find it, go on without
        return _read([value for value in values if _is_json(value)])


def _read(values: list[bytes]) -> pa.Table:
    return pa.json.read_json(
        pa.BufferReader(b"\n".join(values)), read_options=_READ, parse_options=_PARSE
    )


def _is_json(value: bytes) -> bool:
    try:
        _SCREEN.decode(value)
    except msgspec.DecodeError:
        return False
    return True


def encode(rows: pa.Table, secret: bytes, zstd_level: int) -> list[tuple[str, bytes]]:
    """Parsed rows as files, without identifiers, sorted by date, device and event time."""
    columns = {name: rows[name].combine_chunks() for name in rows.column_names}
    times = columns["event_time"].to_numpy()
    for name in _IDENTIFIERS:
        columns[name] = pseudonyms(columns[name], secret)
    for name in _WORDS:
        columns[name] = columns[name].dictionary_encode()
    for name, kind in _NARROW.items():
        columns[name] = columns[name].cast(kind)
    columns["event_time"] = columns["event_time"].cast(pa.timestamp("us", "UTC"))
    days = times // _DAY
    devices = columns["device"].indices.to_numpy().astype(np.int64)
    order = np.argsort((days - days.min() << 58) + (devices << 37) + times % _DAY)
    return files(pa.table(columns).take(pa.array(order)), days[order], zstd_level)


def files(rows: pa.Table, days: NDArray[np.int64], zstd_level: int) -> list[tuple[str, bytes]]:
    """One Parquet file an event date, its key and its bytes, of rows that are sorted by it."""
    found = []
    distinct, firsts = np.unique(days, return_index=True)
    for day, first, end in zip(distinct, firsts, [*firsts[1:], len(days)], strict=True):
        sink = pa.BufferOutputStream()
        some = rows.slice(first, end - first)
        pq.write_table(some, sink, compression="zstd", compression_level=zstd_level)
        date = np.datetime64(int(day), "D")
        key = f"plain/date={date}/{uuid.uuid4().hex}.parquet"
        found.append((key, sink.getvalue().to_pybytes()))
    return found


def pseudonyms(identifiers: pa.Array, secret: bytes) -> pa.DictionaryArray:
    """HMAC-SHA-256, 128 bits in hex, once a distinct value."""
    distinct = pc.dictionary_encode(identifiers)
    hashed = [
        hmac.digest(secret, text.encode(), hashlib.sha256)[:16].hex()
        for text in distinct.dictionary.to_pylist()
    ]
    return pa.DictionaryArray.from_arrays(distinct.indices, pa.array(hashed))


def put(bucket: Bucket, found: list[tuple[str, bytes]], progress: Progress, count: int) -> None:
    """Put a flush's files, then say that so many records are durable."""
    for key, data in found:
        bucket.put(key, data)
    progress.add(count)


if __name__ == "__main__":
    main()
