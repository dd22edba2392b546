"""A stock Faust agent: what one writes by Faust's own guide to get records into Parquet on S3.

Records come one by one, as Faust gives them (its `take` measured no faster); JSON is parsed and the
device replaced by its HMAC in Python, and every few thousand rows become a file.
"""

import asyncio
import hashlib
import hmac
import io
import json
import secrets
import sys
import tempfile
import uuid
from functools import lru_cache

import faust
import pyarrow as pa
import pyarrow.parquet as pq
from faust.types import StreamT

from jobs.bench.peers.task import Bucket, Progress, Task

_SCHEMA = pa.schema(
    [
        ("device", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("status", pa.string()),
        ("status_flag", pa.string()),
        ("battery_level", pa.int16()),
        ("session", pa.string()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("area", pa.int32()),
        ("duration", pa.int32()),
        ("fan_speed", pa.string()),
        ("fault_code", pa.int32()),
        ("firmware", pa.string()),
        ("latitude", pa.float32()),
        ("longitude", pa.float32()),
    ]
)


def application(task: Task) -> faust.App:
    """The app with its one agent."""
    app = faust.App(
        task.group,
        broker=f"kafka://{task.bootstrap_servers}",
        consumer_auto_offset_reset="earliest",
        datadir=tempfile.mkdtemp(prefix="stock-faust-"),
        topic_disable_leader=True,
        web_enabled=False,
    )
    topic = app.topic(task.topic, value_serializer="raw")
    bucket, progress, secret = Bucket(task), Progress(), secrets.token_bytes(32)

    @lru_cache(maxsize=100_000)
    def pseudonym(identifier: str) -> str:
        return hmac.digest(secret, identifier.encode(), hashlib.sha256)[:16].hex()

    @app.agent(topic)
    async def store(values: StreamT[bytes]) -> None:
        rows, count = [], 0
        async for value in values:
            progress.began()
            count += 1
            try:
                row = json.loads(value)
            except ValueError:
                continue
            row["device"], row["session"] = pseudonym(row["device"]), pseudonym(row["session"])
            rows.append(row)
            if len(rows) == task.rows:
                await asyncio.to_thread(_put, bucket, rows, task.zstd_level)
                progress.add(count)
                rows, count = [], 0

    return app


def _put(bucket: Bucket, rows: list[dict[str, object]], zstd_level: int) -> None:
    sink = io.BytesIO()
    table = pa.Table.from_pylist(rows, _SCHEMA)
    pq.write_table(table, sink, compression="zstd", compression_level=zstd_level)
    bucket.put(f"stock/{uuid.uuid4().hex}.parquet", sink.getvalue())


def main() -> None:
    """Run the worker as `faust worker` does."""
    app = application(Task.from_arguments())
    sys.argv = ["stock_faust", "worker", "--loglevel", "warn"]
    app.main()


if __name__ == "__main__":
    main()
