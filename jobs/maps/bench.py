"""What the codecs of maps reach: `make bench-maps`, numbers to `build/figures/maps.json`.

Sizes are of whole Parquet files, key columns included. Speeds are of one core, in seconds of the
process's own time so that neighbours on a machine count less, the best of several runs, on the
corpus in eight positions, each of which counts as devices of its own.
"""

import io
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from jobs.maps.corpus import Corpus
from storage.tiles import context, raw
from storage.tiles.keys import Keys

Tiles = NDArray[np.uint8]
T = TypeVar("T")

MINUTE = 60
HOT_LEVEL = 9
"""Zstandard's, as the sink writes."""
_RUNS = 3
_POSITIONS = 8
_WEBP_EVERY = 7
"""WebP takes sixteen milliseconds a tile: one in seven is measured."""
_WHOLE = 1 << 30
"""A column of a row group in one page: Zstandard sees versions side by side."""
_ROWS_A_GROUP = 1 << 15
"""As in the sink's files."""


def measure(corpus: Corpus, tell: Callable[[str], None]) -> dict[str, float]:
    """Measure everything; `tell` is given each figure when it is known."""
    figures: dict[str, float] = {}

    def add(more: Mapping[str, float]) -> None:
        figures.update(more)
        for name, value in more.items():
            tell(f"{name}: {value:,.2f}")

    add(_pictures(corpus.tiles))
    add({f"raw_zstd{n}_bytes_per_row": _per_row(corpus, _hot(n)) for n in (3, 9, 19)})
    add({"hot_bytes_per_row": _per_row(corpus, _hot(HOT_LEVEL))})
    add({"hot_60s_bytes_per_row": _per_row_by_minute(corpus, _hot(HOT_LEVEL))})
    add({"compacted_bytes_per_row": _per_row(corpus, compacted_file)})
    add({"compacted_60s_bytes_per_row": _per_row_by_minute(corpus, compacted_file)})
    add(_speeds(_many(corpus)))
    return figures


def compacted_file(corpus: Corpus) -> bytes:
    """A compacted file: a device's chunk is in its first row, the other rows have none."""
    chunks = context.encode(corpus.tiles, corpus.keys)
    cells: list[bytes | None] = [None] * len(corpus.tiles)
    for row, chunk in zip(corpus.keys.device_starts().tolist(), chunks, strict=False):
        cells[row] = chunk
    return _write(corpus.keys, pa.array(cells, pa.binary()), HOT_LEVEL)


def _hot(level: int) -> Callable[[Corpus], bytes]:
    return lambda corpus: _write(corpus.keys, raw.encode(corpus.tiles), level)


def _write(keys: Keys, cells: pa.Array, level: int) -> bytes:
    """A file with the key columns and one of cells, nothing else."""
    columns = {
        "device": pa.array(keys.device, pa.int32()),
        "map": pa.array(keys.map, pa.int32()),
        "tile_y": pa.array(keys.tile_y, pa.int16()),
        "tile_x": pa.array(keys.tile_x, pa.int16()),
        "version": pa.array(keys.version, pa.int64()),
        "cells": cells,
    }
    sink = io.BytesIO()
    pq.write_table(
        pa.table(columns),
        sink,
        compression="zstd",
        compression_level=level,
        use_dictionary=False,
        write_statistics=["device", "map"],
        store_schema=False,
        data_page_size=_WHOLE,
        row_group_size=_ROWS_A_GROUP,
    )
    return sink.getvalue()


def _per_row(corpus: Corpus, write: Callable[[Corpus], bytes]) -> float:
    return len(write(corpus)) / len(corpus.tiles)


def _per_row_by_minute(corpus: Corpus, write: Callable[[Corpus], bytes]) -> float:
    """A file a minute, of all devices."""
    minute = corpus.seconds // MINUTE
    files = (write(corpus[np.flatnonzero(minute == one)]) for one in np.unique(minute))
    return sum(len(file) for file in files) / len(corpus.tiles)


def _pictures(tiles: Tiles) -> dict[str, float]:
    """Each tile alone, as a palette picture or lossless WebP, both at their smallest."""
    png = [_saved(_palette(tile), "PNG", optimize=True) for tile in tiles]
    grey = (Image.fromarray(tile).convert("RGB") for tile in tiles[::_WEBP_EVERY])
    webp = [_saved(tile, "WEBP", lossless=True, method=6, quality=100) for tile in grey]
    return {
        "png_bytes_per_tile": sum(png) / len(png),
        "webp_bytes_per_tile": sum(webp) / len(webp),
    }


def _palette(tile: Tiles) -> Image.Image:
    """The tile with no more colours than it has labels: few bits a cell."""
    labels, cells = np.unique(tile, return_inverse=True)
    image = Image.fromarray(cells.reshape(tile.shape).astype(np.uint8)).convert("P")
    image.putpalette(np.repeat(labels, 3).tolist())
    return image


def _saved(image: Image.Image, kind: str, **how: bool | int) -> int:
    sink = io.BytesIO()
    image.save(sink, kind, **how)
    return sink.tell()


def _many(corpus: Corpus) -> Corpus:
    """The corpus in all eight positions: 100,888 rows of the public maps."""
    turned = [corpus.turned(symmetry) for symmetry in range(_POSITIONS)]
    devices = len(corpus.homes)
    keys = Keys(
        np.concatenate([one.keys.device + i * devices for i, one in enumerate(turned)]),
        *(
            np.concatenate([getattr(one.keys, name) for one in turned])
            for name in ("map", "tile_y", "tile_x", "version")
        ),
    )
    tiles = np.concatenate([one.tiles for one in turned])
    seconds = np.concatenate([one.seconds for one in turned])
    return Corpus(keys, tiles, seconds, corpus.homes * _POSITIONS)


def _speeds(corpus: Corpus) -> dict[str, float]:
    rows, keys, tiles = len(corpus.tiles), corpus.keys, corpus.tiles
    encoded, chunks = _timed(lambda: context.encode(tiles, keys))
    decoded, _ = _timed(lambda: context.decode(chunks, keys))
    newest, (found, _) = _timed(lambda: context.decode_latest(chunks, keys))
    hot_encoded, file = _timed(lambda: _hot(HOT_LEVEL)(corpus))
    hot_decoded, _ = _timed(lambda: _read_hot(file))
    return {
        "speed_rows": rows,
        "compacted_encode_rows_per_second": rows / encoded,
        "compacted_decode_rows_per_second": rows / decoded,
        "latest_tiles_per_second": len(found) / newest,
        "hot_encode_rows_per_second": rows / hot_encoded,
        "hot_decode_rows_per_second": rows / hot_decoded,
    }


def _read_hot(data: bytes) -> int:
    """Decode every tile, a row group at a time as readers do; how many."""
    file = pq.ParquetFile(pa.BufferReader(data))
    groups = (file.read_row_group(i, use_threads=False) for i in range(file.num_row_groups))
    return sum(len(raw.decode_rows(group)) for group in groups)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of this process, the least of some runs, and what came of it."""
    seconds: list[float] = []
    while True:
        begin = time.process_time()
        result = work()
        seconds.append(time.process_time() - begin)
        if len(seconds) == _RUNS:
            return min(seconds), result
