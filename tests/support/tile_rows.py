"""Rows of `map_tiles` whose cells look a little like rooms, with raw cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from support.rows import pseudonym, rows_of

from schemas.tables import MAP_TILES
from storage.parquet import in_order
from storage.tiles import compacted, decode_tiles, raw


def tile_rows(n: int, *, devices: int = 4, seed: int = 0, **given: Sequence[Any]) -> pa.Table:
    """Rows of some devices' maps, in any order.

    Args:
        n: How many.
        devices: Of how many devices, at most.
        seed: Other rows for another.
        given: Columns that the test cares about, n values each.
    """
    random = np.random.default_rng(seed)
    cells = rooms(n, random)
    columns: dict[str, Any] = {
        "device": [pseudonym(1 + int(i)) for i in random.integers(0, devices, n)],
        "map": [pseudonym(100 + int(i)) for i in random.integers(0, 2, n)],
        "tile_x": random.integers(-2, 3, n),
        "tile_y": random.integers(-2, 3, n),
        "version": random.integers(0, 50, n),
        "encoding": [raw.ENCODING] * n,
        "cells": raw.encode(cells),
        **given,
    }
    return rows_of(MAP_TILES, n, seed=seed, **columns)


def rooms(n: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """(n, 64, 64) labels: each tile a room with its walls, in the unknown."""
    cells = np.zeros((n, 64, 64), np.uint8)
    low, high = random.integers(0, 30, n), random.integers(34, 64, n)
    for tile, first, last, label in zip(cells, low, high, random.integers(1, 30, n), strict=True):
        tile[first:last, first:last] = 2
        tile[first + 1 : last - 1, first + 1 : last - 1] = label
    return cells


def packed(rows: pa.Table) -> pa.Table:
    """The same rows in the compacted tier, in the order of a file."""
    ordered = in_order(rows, MAP_TILES)
    cells = compacted.encode_rows(ordered, decode_tiles(ordered))
    encoding = pa.array([compacted.ENCODING] * rows.num_rows)
    at = ordered.schema.get_field_index
    ordered = ordered.set_column(at("cells"), "cells", cells)
    return ordered.set_column(at("encoding"), "encoding", encoding).cast(MAP_TILES.schema)
