"""What a robot knows of its home, cut into tiles on the robot's own frame."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from jobs.demo.fleet.home.floorplan import FLOOR, PATH, SOLID, UNKNOWN, Home, grown
from jobs.demo.fleet.home.lidar import remember
from schemas.tables.map_tiles import TILE

_FRAME = (300, 700)
"""Where the upper left corner of a home lies in a robot's frame, in cells: as real robots have."""

_GAP, _CLOSED = 3, 2
"""Gaps between two rays are closed so many times, where so many neighbours are floor."""


@dataclass(slots=True)
class MapMemory:
    """A growing map, and what of it was already sent.

    Attributes:
        known: (height, width) uint8, multiples of 64: what the robot knows.
        corner: (y, x) of the home's upper left corner in `known`.
        first_tile: (y, x) index of the tile that is at the upper left of `known`.
        version: Goes up with each sending.
    """

    known: NDArray[np.uint8]
    corner: tuple[int, int]
    first_tile: tuple[int, int]
    version: int = 0
    _sent: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self._sent = np.zeros_like(self.known)

    @classmethod
    def empty(cls, home: Home, rng: np.random.Generator) -> Self:
        """A map of nothing, somewhere in a frame of its own."""
        down, right = (int(place) for place in rng.integers(*_FRAME, 2))
        height, width = home.cells.shape
        corner = (down % TILE, right % TILE)
        shape = (_up(corner[0] + height), _up(corner[1] + width))
        return cls(np.zeros(shape, np.uint8), corner, (down // TILE, right // TILE))

    @property
    def home(self) -> NDArray[np.uint8]:
        """The part of the map where the home can be: a view, at least as large as the home."""
        return self.known[self.corner[0] :, self.corner[1] :]

    def look(self, seen: NDArray[np.uint8]) -> None:
        """Remember what one turn of the lidar showed; `seen` is in the home's coordinates."""
        height, width = seen.shape
        remember(self.home[:height, :width], seen)

    def segment(self, home: Home) -> None:
        """Close gaps, and divide the floor into rooms, as robots do when they have mapped."""
        height, width = home.cells.shape
        part = self.home[:height, :width]
        floor = (part == FLOOR) | (part > SOLID)
        for _ in range(_GAP):
            floor |= (_sides(floor) >= _CLOSED) & ~home.solid
        part[(part == UNKNOWN) & grown(floor, 1) & home.solid] = SOLID
        part[floor] = np.where(home.cells[floor] > SOLID, home.cells[floor], part[floor])

    def draw_path(self, way: list[tuple[int, int]]) -> None:
        """Mark where the robot drove; walls are never painted over."""
        rows, columns = np.array(way, np.int64).reshape(-1, 2).T
        drawn = self.home[rows, columns] != SOLID
        self.home[rows[drawn], columns[drawn]] = PATH

    def forget_path(self, home: Home) -> None:
        """Wipe the path of the last cleaning."""
        height, width = home.cells.shape
        part = self.home[:height, :width]
        part[part == PATH] = home.cells[part == PATH]

    def changes(self) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        """Tiles that differ from what was sent: (tile y, tile x, (64, 64) labels)."""
        differs = (_tiles(self.known) != _tiles(self._sent)).any(axis=(1, 3))
        yield from self._at(differs)
        self._sent[:] = self.known

    def everything(self) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        """Every tile that is not empty, sent or not."""
        yield from self._at((_tiles(self.known) != UNKNOWN).any(axis=(1, 3)))
        self._sent[:] = self.known

    def _at(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        if chosen.any():
            self.version += 1
        for row, column in np.argwhere(chosen).tolist():
            cells = self.known[row * TILE :, column * TILE :][:TILE, :TILE].copy()
            yield self.first_tile[0] + row, self.first_tile[1] + column, cells


def _sides(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of its four neighbours each cell has in the mask."""
    around = np.pad(mask, 1).astype(np.int64)
    return around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]


def _up(length: int) -> int:
    return -(-length // TILE) * TILE


def _tiles(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = cells.shape
    return cells.reshape(height // TILE, TILE, width // TILE, TILE)
