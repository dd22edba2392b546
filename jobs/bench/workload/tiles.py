"""Map tiles for the benchmark: MessagePack with the 4,096 raw cells as bin.

Some robots at a time map. Each has one plan of 2 x 2 tiles with walls and rooms; a new version
changes some cells, as a lidar does from one second to the next. The same seed and `now` give the
same records.
"""

import random
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from jobs.bench.workload.publish import Headers
from jobs.bench.workload.readings import (
    MAPS_FOR_FAULTS,
    Kind,
    Record,
    Robot,
    event_time,
    fleet,
    kinds,
    strangers,
)
from schemas.tables.map_tiles import TILE, MapTile

HEADERS: Headers = [("content-type", b"application/msgpack")]
"""What every record of a tile is published with."""

_SIDE = 2 * TILE
_CHANGED_CELLS = 12
_ACTIVE = 150
"""Robots that map at the same time."""
_WHILE = 200
"""Tiles until the next robot begins, and one ends."""
_NO_LABEL = 99
_FLOOR, _WALL, _FIRST_SEGMENT = 1, 2, 4


def tiles(count: int, now: datetime, *, robots: int = 5_000, seed: int = 1) -> Iterator[Record]:
    """Versions of tiles, by `SHARES`."""
    chance = random.Random(seed)  # noqa: S311 - a workload, not a secret
    cells = np.random.default_rng(seed)
    known, unknown = fleet(robots), strangers(robots)
    plans = [plan(cells) for _ in range(64)]
    at = int(now.timestamp() * 1_000_000)
    for version, kind in enumerate(kinds(count, chance)):
        number = (version // _WHILE + chance.randrange(_ACTIVE)) % robots
        robot = (unknown if kind is Kind.UNREGISTERED else known)[number]
        raw = _version(plans[number % len(plans)], version, cells)
        if kind is Kind.OUT_OF_RANGE:
            raw[0, 0] = _NO_LABEL
        value = _encode(robot, raw, version, event_time(kind, at, chance))
        yield robot.device.encode(), value[: len(value) // 2] if kind is Kind.BROKEN else value


def plan(cells: np.random.Generator) -> NDArray[np.uint8]:
    """A floor plan: (128, 128) uint8, labels; rooms behind walls, each a segment of its own."""
    labels = np.zeros((_SIDE, _SIDE), np.uint8)
    low, high = cells.integers(4, 20), cells.integers(_SIDE - 20, _SIDE - 4)
    labels[low:high, low:high] = _FLOOR
    walls = [low, *sorted(cells.integers(low + 8, high - 8, size=2)), high - 1]
    for i, (top, bottom) in enumerate(pairwise(walls)):
        for j, (left, right) in enumerate(pairwise(walls)):
            labels[top:bottom, left:right] = _FIRST_SEGMENT + 3 * i + j
    for wall in walls:
        labels[wall, low:high] = _WALL
        labels[low:high, wall] = _WALL
    return labels


def _version(
    whole: NDArray[np.uint8], version: int, cells: np.random.Generator
) -> NDArray[np.uint8]:
    """One of the plan's tiles with some cells changed: (64, 64) uint8, a copy."""
    y, x = divmod(version % 4, 2)
    tile = whole[y * TILE : (y + 1) * TILE, x * TILE : (x + 1) * TILE].copy()
    tile.reshape(-1)[cells.integers(0, TILE * TILE, size=_CHANGED_CELLS)] = _FLOOR
    return tile


def _encode(robot: Robot, raw: NDArray[np.uint8], version: int, at: int) -> bytes:
    tile_y, tile_x = divmod(version % 4, 2)
    tile = MapTile(
        device=robot.device,
        event_time=at,
        map=f"m{robot.session}",
        tile_x=tile_x,
        tile_y=tile_y,
        version=version,
        encoding="raw",
        cells=raw.tobytes(),
        fault="navigation" if robot.vendor in MAPS_FOR_FAULTS else None,
    )
    return msgspec.msgpack.encode(tile)
