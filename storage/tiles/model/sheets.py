"""Where the tiles of a batch lie on one canvas: tiles of a map touch, maps do not.

Every context that the codec looks at is a cell or a block near by, so one flat canvas
serves all tiles of all devices at once, and a wall that leaves one tile is seen by the next.
A gap as wide as the widest context keeps maps, and so devices, from seeing each other:
that is why a chunk decodes to the same tiles alone as in company.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles.keys import Keys

Ints = NDArray[np.int64]

SIDE = 64
"""Cells a tile side."""
UNIT = 16
"""Canvas grid in cells: the largest block, and the gap between maps."""
WIDEST = 32
"""Tiles a map may be wide or high before its tiles are laid out one by one."""
_PER_TILE = SIDE // UNIT


@dataclass(frozen=True, slots=True)
class Chains:
    """The versions of one tile each, in the order of the rows, and their places on the canvas.

    Attributes:
        stride: Cells a canvas row.
        size: Cells of the canvas.
        base: (c,) canvas index of the tile's first cell.
        first: (c,) row of the oldest version.
        length: (c,) versions.
        chunk: (c,) number of the device, non-decreasing.
        turn: (c,) 0 or 1, as on a chessboard: turn 1 is told about after all its neighbours.
    """

    stride: int
    size: int
    base: Ints
    first: Ints
    length: Ints
    chunk: Ints
    turn: Ints

    @property
    def devices(self) -> int:
        """Chunks there are."""
        return int(self.chunk[-1]) + 1

    @property
    def latest(self) -> Ints:
        """(c,) row of the newest version."""
        return self.first + self.length - 1


def place(keys: Keys) -> Chains:
    """Lay out the tiles; the same keys always give the same contexts, alone or in company."""
    first, length = keys.chains()
    y, x = keys.tile_y[first], keys.tile_x[first]
    part, part_y, part_x, high, wide = _parts(keys.map_numbers()[first], y, x)
    top, left, stride, height = _shelve(high * _PER_TILE + 1, wide * _PER_TILE + 1)
    up, along = y - part_y[part], x - part_x[part]
    cell_y = (top[part] + up * _PER_TILE) * UNIT
    cell_x = (left[part] + along * _PER_TILE) * UNIT
    return Chains(
        stride=stride * UNIT,
        size=stride * height * UNIT * UNIT,
        base=cell_y * stride * UNIT + cell_x,
        first=first,
        length=length,
        chunk=keys.device_numbers()[first],
        turn=(y + x) & 1,
    )


def _parts(sheet: Ints, y: Ints, x: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Split chains into rectangles: a map, or a single tile where the map is too sparse.

    The bound keeps the canvas within some four tiles a tile, whatever coordinates a robot claims.
    """
    starts = np.flatnonzero(np.diff(sheet, prepend=-1))
    count = np.diff(starts, append=len(sheet))
    y0, x0 = np.minimum.reduceat(y, starts), np.minimum.reduceat(x, starts)
    high = np.maximum.reduceat(y, starts) - y0 + 1
    wide = np.maximum.reduceat(x, starts) - x0 + 1
    fits = (high > 0) & (wide > 0) & (high <= WIDEST) & (wide <= WIDEST)
    sparse = np.repeat(~fits | (high * wide > 3 * count), count)
    begins = np.diff(sheet, prepend=-1) != 0
    head = np.flatnonzero(begins | sparse)
    part = np.cumsum(begins | sparse) - 1
    number, alone = (np.cumsum(begins) - 1)[head], sparse[head]
    return (
        part,
        np.where(alone, y[head], y0[number]),
        np.where(alone, x[head], x0[number]),
        np.where(alone, 1, high[number]),
        np.where(alone, 1, wide[number]),
    )


def _shelve(high: Ints, wide: Ints) -> tuple[Ints, Ints, int, int]:
    """Put rectangles on shelves, tallest first; returns top, left, canvas width and height."""
    width = int(max(wide.max(), np.sqrt(float((high * wide).sum())))) + 2
    top, left = np.zeros_like(high), np.zeros_like(wide)
    y, x, shelf = 1, 1, 0
    for i in np.argsort(-high, kind="stable").tolist():
        if x + wide[i] > width:
            y, x, shelf = y + shelf, 1, 0
        top[i], left[i] = y, x
        x += int(wide[i])
        shelf = max(shelf, int(high[i]))
    return top, left, width, y + shelf + 1
