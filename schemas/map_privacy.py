"""What a stored map may show of a home, by vendor: a choice of options, all off by default.

Each option makes maps tell less, and none makes a home anonymous: docs/analysts.md has the measured
rate at which homes are found again under each.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from schemas.privacy import canonical

Cells = NDArray[np.uint8]
"""(n, height, width) uint8, labels: tiles, or whole maps cut on the tiles' lattice."""

Numbers = NDArray[Any]
"""(n,) whole tiles, or metres."""

_UNKNOWN, _FLOOR, _WALL = 0, 1, 2

MAX_SHIFT = 512
"""Tiles: robots' own frames are far smaller, and a moved one still fits `tile_x`."""

_CONTOUR, _MOVED, _GRID = "contour", "moved", "grid"
_SIDES = (2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class MapPrivacy:
    """What is done to the maps of a vendor's robots before they are stored.

    Attributes:
        contour: Rooms and the robot's path become floor: unknown, floor and walls are left.
        grid: Cells a side of the squares that share one label; 1 leaves every cell its own.
        moved: Maps are turned, mirrored and shifted, each device's in its own keyed way.
    """

    contour: bool = False
    grid: int = 1
    moved: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read options with `+` between: `contour`, `grid2` (4, 8, 16), `moved`.

        Raises:
            ValueError: There is no such option.
        """
        words = text.split("+")
        grids = {f"{_GRID}{side}": side for side in _SIDES}
        sides = [grids[word] for word in words if word in grids]
        if {*words} - {_CONTOUR, _MOVED, *grids} or len(sides) > 1:
            raise ValueError(text)
        return cls(_CONTOUR in words, sides[0] if sides else 1, _MOVED in words)

    def __str__(self) -> str:
        grid = [f"{_GRID}{self.grid}"] * (self.grid > 1)
        return "+".join([_CONTOUR] * self.contour + grid + [_MOVED] * self.moved)

    def __or__(self, other: "MapPrivacy") -> "MapPrivacy":
        """What both ask for: a map shows what neither forbids."""
        return MapPrivacy(
            self.contour or other.contour,
            max(self.grid, other.grid),
            self.moved or other.moved,
        )

    def coarsened(self, cells: Cells) -> Cells:
        """The cells with less to see in them; a motion is another matter.

        Idempotent, each square for itself, and the same before a motion as after it.

        Args:
            cells: Height and width are multiples of `grid`.
        """
        seen = _contour(cells) if self.contour else cells
        return seen if self.grid == 1 else _coarse(seen, self.grid)


def _contour(cells: Cells) -> Cells:
    """Floor for whatever is none of unknown, floor and wall; arithmetic, ten times a choice."""
    inside = (cells > _WALL).view(np.uint8)
    return cells * (1 - inside) + inside * np.uint8(_FLOOR)


def _coarse(cells: Cells, side: int) -> Cells:
    """One label a square: wall where one crosses it, else what most of it is."""
    most = _count(cells, _UNKNOWN, side)
    best = np.full(most.shape, _UNKNOWN, np.uint8)
    for label in range(_FLOOR, int(cells.max(initial=0)) + 1):
        count = _count(cells, label, side)
        if label == _WALL:
            count[count >= side] = side * side + 1
        best[count > most] = label
        most = np.maximum(most, count)
    return best.repeat(side, axis=1).repeat(side, axis=2)


def _count(cells: Cells, label: int, side: int) -> NDArray[np.uint16]:
    """(n, height / side, width / side): how many cells of each square have the label."""
    has = (cells == label).astype(np.uint16)
    rows = np.add.reduce([has[:, start::side] for start in range(side)])
    return np.asarray(np.add.reduce([rows[:, :, start::side] for start in range(side)]))


@dataclass(frozen=True, slots=True)
class Motion:
    """How a device's maps are moved: transposed, then mirrored, then shifted by whole tiles.

    Attributes:
        transposed: x and y change places.
        mirrored_x: x becomes -1 - x, as cell and as tile.
        mirrored_y: The same for y.
        shift_x: Tiles, from -512 to 511.
        shift_y: The same for y.
    """

    transposed: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False
    shift_x: int = 0
    shift_y: int = 0

    @classmethod
    def of(cls, device: str, key: bytes) -> Self:
        """A device's motion: the same for all its maps under one key, and for no other reason.

        Args:
            device: As the robot sent it.
            key: Of one region, version and the domain of motions.
        """
        digest = hmac.digest(key, canonical(device).encode(), hashlib.sha256)
        x, y = (int.from_bytes(digest[i : i + 2]) % (2 * MAX_SHIFT) - MAX_SHIFT for i in (1, 3))
        transposed, mirrored_x, mirrored_y = (bool(digest[0] >> bit & 1) for bit in range(3))
        return cls(transposed, mirrored_x, mirrored_y, x, y)

    def turned(self, cells: Cells) -> Cells:
        """Cells after it, each tile or map within its own bounds; a view."""
        cells = cells.swapaxes(1, 2) if self.transposed else cells
        return cells[:, :: -1 if self.mirrored_y else 1, :: -1 if self.mirrored_x else 1]

    def placed(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Where the tiles at (x, y) lie after it."""
        x, y = (y, x) if self.transposed else (x, y)
        x, y = (-1 - x if self.mirrored_x else x), (-1 - y if self.mirrored_y else y)
        return x + self.shift_x, y + self.shift_y

    def pointed(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Where places (x, y), told from the robot's own origin, lie after it: never shifted."""
        x, y = (y, x) if self.transposed else (x, y)
        return (-x if self.mirrored_x else x), (-y if self.mirrored_y else y)


MapPrivacies = Mapping[str, MapPrivacy]
"""Vendor -> what is done to its maps."""
