"""What a robot sees from where it stands: rays until something solid, all at once."""

import numpy as np
from numpy.typing import NDArray

from jobs.demo.fleet.home.floorplan import FLOOR, SOLID, UNKNOWN, Home

RAYS = 300
REACH = 110
"""Cells: 5.5 m, what the lidar of a cheap robot sees reliably."""

_ANGLES = np.arange(RAYS) * (2 * np.pi / RAYS)
_STEPS = np.arange(1, REACH + 1)
_DOWN = np.rint(np.sin(_ANGLES)[:, None] * _STEPS).astype(np.int64)
_RIGHT = np.rint(np.cos(_ANGLES)[:, None] * _STEPS).astype(np.int64)


def scan(home: Home, pose: tuple[int, int]) -> NDArray[np.uint8]:
    """What one turn of the lidar shows.

    Args:
        home: What is there.
        pose: (y, x) of the robot.

    Returns:
        (height, width) uint8: 1 where a ray passed, 2 where it ended, else 0.
    """
    height, width = home.cells.shape
    rows = np.clip(pose[0] + _DOWN, 0, height - 1)
    columns = np.clip(pose[1] + _RIGHT, 0, width - 1)
    cells = home.cells[rows, columns]
    ends = cells <= SOLID
    first = np.where(ends.any(axis=1), ends.argmax(axis=1), REACH)
    passed = _STEPS[None, :] - 1 < first[:, None]
    seen = np.full(home.cells.shape, UNKNOWN, np.uint8)
    seen[rows[passed], columns[passed]] = FLOOR
    hit = np.flatnonzero(first < REACH)
    seen[rows[hit, first[hit]], columns[hit, first[hit]]] = SOLID
    seen[home.cells == UNKNOWN] = UNKNOWN
    seen[pose] = FLOOR
    return seen


def remember(known: NDArray[np.uint8], seen: NDArray[np.uint8]) -> None:
    """Add a turn to a map, in place: walls stay, and what is not seen is kept.

    Args:
        known: (height, width) uint8, changed.
        seen: (height, width) uint8, as `scan` gives it.
    """
    new = (seen == SOLID) | ((seen == FLOOR) & (known == UNKNOWN))
    known[new] = seen[new]
