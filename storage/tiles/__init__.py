"""How cells are packed into `map_tiles.cells`: one codec a file, told apart by `encoding`.

The hot tier is `raw`, which any engine reads without our code; the compacted tier is `context`,
one chunk a device and file. A codec's `decode` takes whole rows, for one may need their keys, and
gives the cells in the rows' order.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from schemas.tables.map_tiles import TILE
from storage.tiles import compacted, raw

Decoder = Callable[[pa.Table], NDArray[np.uint8]]
"""Rows of `map_tiles` of one encoding -> (n, 64, 64) uint8, labels, in the rows' order."""

CODECS: Mapping[str, Decoder] = {
    raw.ENCODING: raw.decode_rows,
    compacted.ENCODING: compacted.decode_rows,
}
"""Encoding -> what reads it."""


def decode_tiles(rows: pa.Table) -> NDArray[np.uint8]:
    """The cells of rows of `map_tiles`, whichever codecs packed them.

    Returns:
        (n, 64, 64) uint8, labels, row by row from the smallest y, in the rows' order.

    Raises:
        IntegrityError: An encoding is unknown, or cells are not what their codec wrote.
    """
    encodings = pc.unique(rows["encoding"]).to_pylist()
    if unknown := [name for name in encodings if name not in CODECS]:
        raise IntegrityError(f"map_tiles: {len(unknown)} encodings that no codec reads")
    if len(encodings) == 1:
        return CODECS[encodings[0]](rows)
    cells = np.empty((rows.num_rows, TILE, TILE), np.uint8)
    for name in encodings:
        mine = pc.equal(rows["encoding"], name)
        cells[mine.to_numpy(zero_copy_only=False)] = CODECS[name](rows.filter(mine))
    return cells
