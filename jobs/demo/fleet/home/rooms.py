"""Where the rooms of a home are, and which doors join them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from jobs.demo.fleet.home.dice import happens

WALL = 2
"""Cells a wall is thick: 10 cm."""

DOOR = 17
"""Cells a door is wide: 85 cm."""

_OPENING = 34
_JAMB = 4
_SMALLEST_SIDE = 40
_SMALLEST_AREA = 60 * 60
_BATH_AREA = 4000
_LARGE_AREA = 14_000
_MAX_ROOMS = 12


@dataclass(frozen=True, slots=True)
class Room:
    """A rectangle of floor, walls excluded: rows top..bottom - 1, columns left..right - 1."""

    top: int
    left: int
    bottom: int
    right: int
    kind: str = "bedroom"

    @property
    def area(self) -> int:
        """Cells of floor."""
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def centre(self) -> tuple[int, int]:
        """The cell in its middle."""
        return (self.top + self.bottom) // 2, (self.left + self.right) // 2

    def transposed(self) -> "Room":
        """The same room with y and x exchanged."""
        return Room(self.left, self.top, self.right, self.bottom, self.kind)

    def meets(self, other: "Room", *, gap: int) -> bool:
        """Whether the two come closer than `gap`."""
        return (
            self.top < other.bottom + gap
            and other.top < self.bottom + gap
            and self.left < other.right + gap
            and other.left < self.right + gap
        )


@dataclass(frozen=True, slots=True)
class Door:
    """An opening in the wall between two rooms, by their indices."""

    opening: Room
    first: int
    second: int


def lay_out(rng: np.random.Generator) -> list[Room]:
    """Rooms that touch wall to wall: along a corridor, or split again and again."""
    height, width = int(rng.integers(130, 210)), int(rng.integers(150, 250))
    layout = _along_a_corridor if happens(rng, 0.65) else _split_again
    rooms = layout(rng, height, width)
    if happens(rng, 0.5):
        rooms = [room.transposed() for room in rooms]
    return _named(rooms[:_MAX_ROOMS])


def join(rng: np.random.Generator, rooms: list[Room]) -> list[Door]:
    """Doors that make every room reachable from every other, and now and then one more.

    Rooms are joined through the corridor where there is one, as people build.
    """
    candidates = list(_candidates(rng, rooms))
    order = rng.permutation(len(candidates))
    halls = [sum(rooms[i].kind == "corridor" for i in _ends(door)) for door in candidates]
    group = list(range(len(rooms)))
    doors = []
    for index in sorted(order.tolist(), key=lambda i: -halls[i]):
        door = candidates[index]
        one, two = group[door.first], group[door.second]
        if one != two:
            group = [one if member == two else member for member in group]
        elif not happens(rng, 0.12) or halls[index]:
            continue
        doors.append(door)
    return doors


def _ends(door: Door) -> tuple[int, int]:
    return door.first, door.second


def _pieces(rng: np.random.Generator, length: int, *, smallest: int) -> list[int]:
    """Random lengths >= `smallest` that fill `length`, with a wall between each two."""
    n = max(1, min((length + WALL) // (smallest + WALL), int(rng.integers(1, 5))))
    spare = length - WALL * (n - 1) - smallest * n
    shares = rng.dirichlet(np.full(n, 2.5)) * spare
    pieces = [smallest + int(share) for share in shares]
    pieces[-1] += length - WALL * (n - 1) - sum(pieces)
    return pieces


def _row(rng: np.random.Generator, place: Room) -> Iterator[Room]:
    left = place.left
    for piece in _pieces(rng, place.right - place.left, smallest=46):
        yield Room(place.top, left, place.bottom, left + piece)
        left += piece + WALL


def _along_a_corridor(rng: np.random.Generator, height: int, width: int) -> list[Room]:
    hall = int(rng.integers(23, 30))
    top = int(rng.integers(int(height * 0.36), int(height * 0.64) - hall // 2))
    end = width - int(rng.integers(70, 100)) if happens(rng, 0.6) else width
    rooms = [Room(top, 0, top + hall, end, "corridor")]
    rooms += _row(rng, Room(0, 0, top - WALL, end))
    rooms += _row(rng, Room(top + hall + WALL, 0, height, end))
    if end < width:
        rooms.append(Room(0, end + WALL, height, width))
    elif happens(rng, 0.4):
        rooms.pop()  # a corner that belongs to the neighbours
    return rooms


def _split_again(rng: np.random.Generator, height: int, width: int) -> list[Room]:
    rooms, waiting = [], [Room(0, 0, height, width)]
    while waiting:
        room = waiting.pop()
        halves = _halves(rng, room)
        if halves and (room.area > _LARGE_AREA or happens(rng, 0.35)):
            waiting += halves
        else:
            rooms.append(room)
    return rooms


def _halves(rng: np.random.Generator, room: Room) -> list[Room]:
    if room.bottom - room.top > room.right - room.left:
        return [half.transposed() for half in _halves(rng, room.transposed())]
    width = room.right - room.left
    if width < 2 * _SMALLEST_SIDE + WALL or room.area < 2 * _SMALLEST_AREA:
        return []
    cut = room.left + int(width * rng.uniform(0.38, 0.62))
    return [replace(room, right=cut), replace(room, left=cut + WALL)]


def _named(rooms: list[Room]) -> list[Room]:
    by_area = sorted(
        (i for i, room in enumerate(rooms) if room.kind != "corridor"),
        key=lambda i: rooms[i].area,
    )
    kinds = {by_area[-1]: "living room"}
    if len(by_area) > 1:
        kinds |= {by_area[0]: "bathroom" if rooms[by_area[0]].area < _BATH_AREA else "study"}
    if len(by_area) > len(kinds):
        kinds |= {by_area[1]: "kitchen"}
    return [replace(room, kind=kinds.get(i, room.kind)) for i, room in enumerate(rooms)]


def _candidates(rng: np.random.Generator, rooms: list[Room]) -> Iterator[Door]:
    for (i, one), (j, two) in combinations(enumerate(rooms), 2):
        opening = _opening(rng, one, two) or _opening(rng, two, one)
        if opening is None:
            crossed = _opening(rng, one.transposed(), two.transposed())
            crossed = crossed or _opening(rng, two.transposed(), one.transposed())
            opening = crossed.transposed() if crossed else None
        if opening is not None:
            yield Door(opening, i, j)


def _opening(rng: np.random.Generator, left: Room, right: Room) -> Room | None:
    """A hole in the wall where `left` touches `right`; wide between rooms that people join."""
    if left.right + WALL != right.left:
        return None
    top, bottom = max(left.top, right.top) + _JAMB, min(left.bottom, right.bottom) - _JAMB
    open_plan = {left.kind, right.kind} <= {"living room", "kitchen", "corridor"}
    width = _OPENING if open_plan and bottom - top > _OPENING and happens(rng, 0.5) else DOOR
    if bottom - top < width:
        return None
    start = int(rng.integers(top, bottom - width + 1))
    return Room(start, left.right, start + width, right.left, "door")
