"""The product's own homes: a floor plan from a seed, as the labels of a map.

No real home is in here, and none can be: plans come from random numbers only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.demo.fleet.home.furniture import footprint, furnish
from jobs.demo.fleet.home.rooms import WALL, Door, Room, join, lay_out

UNKNOWN, FLOOR, SOLID, PATH = 0, 1, 2, 3
"""Labels as `schemas.tables.map_tiles` has them; a room with index s is 3 + s, s from 1."""

ROBOT = 3
"""Cells from a robot's middle to its edge: 17 cm."""

_MARGIN = 4


@dataclass(frozen=True, slots=True)
class Home:
    """A home as it is; a robot only ever knows what its lidar saw of it.

    Attributes:
        cells: (height, width) uint8: 0 outside, 2 walls and furniture, 3 + s the floor of room s.
        rooms: Room s is at index s - 1, in the coordinates of `cells`.
        dock: (y, x) where the robot is charged; the robot can stand there.
    """

    cells: NDArray[np.uint8]
    rooms: tuple[Room, ...]
    dock: tuple[int, int]

    @property
    def solid(self) -> NDArray[np.bool_]:
        """(height, width) where lidar ends: walls, furniture, and whatever is outside."""
        return self.cells <= SOLID

    @property
    def room_to_stand(self) -> NDArray[np.bool_]:
        """(height, width) where the middle of a robot can be."""
        return ~grown(self.solid, ROBOT)


def build(seed: int) -> Home:
    """The home of this seed; every room can be reached from the dock by a robot."""
    rng = np.random.default_rng(seed)
    rooms = lay_out(rng)
    doors = join(rng, rooms)
    rooms, doors = _moved(rooms, doors)
    bare = _draw(rooms, doors)
    cells = bare.copy()
    for index, room in enumerate(rooms):
        _furnish(rng, cells, room, [door.opening for door in doors if index in _ends(door)])
    _clear_the_way(cells, bare, rooms)
    return Home(cells, tuple(rooms), _dock(rng, cells, rooms))


def grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    """The mask and every cell in the squares that reach `by` cells around it."""
    return _grown_along_rows(_grown_along_rows(mask, by).T, by).T


def _grown_along_rows(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    wider = mask.copy()
    for step in range(1, by + 1):
        wider[:, step:] |= mask[:, :-step]
        wider[:, :-step] |= mask[:, step:]
    return wider


def reachable(free: NDArray[np.bool_], start: tuple[int, int]) -> NDArray[np.bool_]:
    """The free cells that a robot gets to from `start`."""
    reached = np.zeros_like(free)
    reached[start] = free[start]
    count = 0
    while (now := int(reached.sum())) != count:
        count = now
        reached = _along_rows(_along_rows(reached, free).T, free.T).T
    return reached


def _along_rows(reached: NDArray[np.bool_], free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every run of free cells in a row of which one is reached."""
    runs = np.cumsum(np.pad(~free, ((0, 0), (1, 0)), constant_values=True)).reshape(len(free), -1)[
        :, 1:
    ]
    hit = np.bincount(runs[reached], minlength=int(runs.max()) + 1) > 0
    return hit[runs] & free


def _ends(door: Door) -> tuple[int, int]:
    return door.first, door.second


def _moved(rooms: list[Room], doors: list[Door]) -> tuple[list[Room], list[Door]]:
    """Everything so that the outer walls fit, whichever corner is empty."""
    down = _MARGIN - min(room.top for room in rooms)
    right = _MARGIN - min(room.left for room in rooms)

    def move(room: Room) -> Room:
        return Room(
            room.top + down, room.left + right, room.bottom + down, room.right + right, room.kind
        )

    return [move(room) for room in rooms], [
        Door(move(door.opening), door.first, door.second) for door in doors
    ]


def _draw(rooms: list[Room], doors: list[Door]) -> NDArray[np.uint8]:
    shape = (
        max(room.bottom for room in rooms) + _MARGIN,
        max(room.right for room in rooms) + _MARGIN,
    )
    cells = np.zeros(shape, np.uint8)
    for room in rooms:
        _fill(cells, Room(room.top - WALL, room.left - WALL, room.bottom + WALL, room.right + WALL))
    for index, room in enumerate(rooms, start=1):
        _fill(cells, room, PATH + index)
    for door in doors:
        _fill(cells, door.opening, PATH + 1 + door.first)
    return cells


def _fill(cells: NDArray[np.uint8], room: Room, label: int = SOLID) -> None:
    cells[room.top : room.bottom, room.left : room.right] = label


def _furnish(
    rng: np.random.Generator, cells: NDArray[np.uint8], room: Room, doors: list[Room]
) -> None:
    for place, piece in furnish(rng, room, doors):
        for part in footprint(place, piece):
            _fill(cells, part)


def _clear_the_way(cells: NDArray[np.uint8], bare: NDArray[np.uint8], rooms: list[Room]) -> None:
    """Empty the rooms that furniture has shut, until a robot gets into each."""
    for _ in rooms:
        free = ~grown(cells <= SOLID, ROBOT)
        starts = np.argwhere(free)
        reached = reachable(free, (int(starts[0][0]), int(starts[0][1])))
        shut = [i for i, _ in enumerate(rooms, 1) if not (reached & (cells == PATH + i)).any()]
        if not shut:
            return
        for room in rooms if len(shut) > len(rooms) // 2 else [rooms[i - 1] for i in shut]:
            spot = np.s_[room.top : room.bottom, room.left : room.right]
            cells[spot] = bare[spot]


def _dock(rng: np.random.Generator, cells: NDArray[np.uint8], rooms: list[Room]) -> tuple[int, int]:
    """At a wall of the corridor or the living room."""
    free = ~grown(cells <= SOLID, ROBOT)
    wall = grown(~free, 2) & free
    for kind in ("corridor", "living room"):
        for index, room in enumerate(rooms, start=1):
            spots = np.argwhere(wall & (cells == PATH + index))
            if room.kind == kind and len(spots):
                y, x = spots[int(rng.integers(len(spots)))]
                return int(y), int(x)
    y, x = np.argwhere(free)[0]
    return int(y), int(x)
