"""The plain loop for map tiles: MessagePack records with 4,096 raw cells, and no guarantee at all.

As `plain_loop.py`, but msgspec reads the records, and no cell is looked at.
"""

import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter

import msgspec
import numpy as np
import pyarrow as pa

from jobs.bench.peers.plain_loop import files, pseudonyms, put, records
from jobs.bench.peers.task import Bucket, Progress, Task

_DAY = 86_400_000_000


class _Tile(msgspec.Struct, gc=False):
    device: str
    event_time: int
    map: str
    tile_x: int
    tile_y: int
    version: int
    encoding: str
    cells: bytes
    pixel_size: int = 5


_DECODER = msgspec.msgpack.Decoder(_Tile)
_KINDS = {
    "tile_x": pa.int16(),
    "tile_y": pa.int16(),
    "version": pa.int64(),
    "encoding": pa.string(),
    "cells": pa.binary(),
    "pixel_size": pa.int8(),
}


def main() -> None:
    """Read the topic for ever, and put a file whenever there are enough tiles."""
    task, secret = Task.from_arguments(), secrets.token_bytes(32)
    bucket, progress = Bucket(task), Progress()
    tiles: list[_Tile] = []
    count = 0
    with ThreadPoolExecutor(1) as pool:
        putting: Future[None] | None = None
        for values in records(task, progress):
            tiles += filter(None, map(_decode, values))
            count += len(values)
            if count >= task.rows:
                found = _encode(tiles, secret, task.zstd_level)
                if putting:
                    putting.result()
                putting = pool.submit(put, bucket, found, progress, count)
                tiles, count = [], 0


def _decode(value: bytes) -> _Tile | None:
    try:
        return _DECODER.decode(value)
    except msgspec.DecodeError:
        return None


def _encode(tiles: list[_Tile], secret: bytes, zstd_level: int) -> list[tuple[str, bytes]]:
    times = np.fromiter(map(attrgetter("event_time"), tiles), np.int64, len(tiles))
    columns: dict[str, pa.Array] = {
        name: pseudonyms(pa.array(map(attrgetter(name), tiles), pa.string()), secret)
        for name in ("device", "map")
    }
    columns["event_time"] = pa.array(times).cast(pa.timestamp("us", "UTC"))
    for name, kind in _KINDS.items():
        columns[name] = pa.array(map(attrgetter(name), tiles), kind)
    days = times // _DAY
    order = np.lexsort(
        [
            columns["version"].to_numpy(),
            columns["tile_x"].to_numpy(),
            columns["tile_y"].to_numpy(),
            columns["map"].indices.to_numpy(),
            columns["device"].indices.to_numpy(),
            days,
        ]
    )
    rows = pa.table(columns).take(pa.array(order))
    return files(rows, days[order], zstd_level)


if __name__ == "__main__":
    main()
