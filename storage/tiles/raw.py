"""The hot tier's codec: a tile is its 4096 labels, row by row from the smallest y.

Zstandard over sorted rows does the rest (a tile's versions lie side by side, and repeat). Encoding
and decoding copy nothing.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from schemas.tables.map_tiles import CELLS, TILE

ENCODING = "raw"

_NONE = pa.array([], pa.binary())


def encode(cells: NDArray[np.uint8]) -> pa.BinaryArray:
    """Pack tiles.

    Args:
        cells: (n, 64, 64) uint8, labels; n < 2**19, for Arrow counts 2**31 bytes a column. Their
            memory is kept, so must not be changed.

    Raises:
        ValueError: The shape or type is another.
    """
    if cells.shape[1:] != (TILE, TILE) or cells.dtype != np.uint8:
        raise ValueError("tiles are (n, 64, 64) uint8")
    offsets = np.arange(len(cells) + 1, dtype=np.int64) * CELLS
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ValueError("more tiles than one column holds")
    data = pa.py_buffer(np.ascontiguousarray(cells))
    places = pa.py_buffer(offsets.astype(np.int32))
    return pa.BinaryArray.from_buffers(pa.binary(), len(cells), [None, places, data])


def decode(column: pa.BinaryArray) -> NDArray[np.uint8]:
    """Unpack what `encode` packed.

    Returns:
        (n, 64, 64) uint8, labels; read only, for it is the column's own memory.

    Raises:
        IntegrityError: A value is missing, or not 4096 bytes.
    """
    if not (n := len(column)):
        return np.empty((0, TILE, TILE), np.uint8)
    if column.null_count:
        raise IntegrityError("raw tiles: a tile has no cells")
    _, places, data = column.buffers()
    offsets = np.frombuffer(places, np.int32, n + 1, column.offset * 4)
    if np.any(np.diff(offsets) != CELLS):
        raise IntegrityError("raw tiles: a tile is not 4096 bytes")
    return np.frombuffer(data, np.uint8, n * CELLS, int(offsets[0])).reshape(n, TILE, TILE)


def decode_rows(rows: pa.Table) -> NDArray[np.uint8]:
    """The cells of rows of `map_tiles`; copies where the rows are in several chunks."""
    parts = [decode(chunk) for chunk in rows["cells"].chunks]
    return parts[0] if len(parts) == 1 else np.concatenate([decode(_NONE), *parts])
