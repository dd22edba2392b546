"""What stands in the rooms: by their kind, against a wall or in the middle, never in a door."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jobs.demo.fleet.home.dice import happens
from jobs.demo.fleet.home.rooms import Room

_GAP = 11
"""Cells between two pieces, or a piece and a door's way: a robot passes through 55 cm."""

_DOORWAY = 18
_TRIES = 12


@dataclass(frozen=True, slots=True)
class Piece:
    """A kind of furniture.

    Attributes:
        depth: Cells from the wall.
        width: Cells along the wall.
        on_legs: Stands free in the room, and only its legs touch the floor.
    """

    depth: int
    width: int
    on_legs: bool = False


_BED, _DOUBLE_BED = Piece(40, 20), Piece(41, 33)
_WARDROBE, _SHELF, _DESK = Piece(12, 34), Piece(7, 24), Piece(14, 28)
_SOFA, _COUNTER, _FRIDGE = Piece(18, 44), Piece(12, 52), Piece(13, 13)
_BATH, _TOILET, _BASIN, _WASHER = Piece(15, 34), Piece(13, 8), Piece(9, 11), Piece(12, 12)
_TABLE, _COFFEE_TABLE = Piece(18, 30, on_legs=True), Piece(11, 20, on_legs=True)

_BY_KIND = {
    "bedroom": (_DOUBLE_BED, _WARDROBE, _SHELF, _DESK),
    "study": (_DESK, _SHELF, _BED, _SHELF),
    "living room": (_SOFA, _TABLE, _SHELF, _COFFEE_TABLE, _SHELF, _SOFA),
    "kitchen": (_COUNTER, _FRIDGE, _TABLE),
    "bathroom": (_BATH, _TOILET, _BASIN, _WASHER),
    "corridor": (_SHELF,),
}


def furnish(
    rng: np.random.Generator, room: Room, doors: list[Room]
) -> Iterator[tuple[Room, Piece]]:
    """Pieces for one room, each with the rectangle that it covers."""
    taken = [_widened(door, _DOORWAY) for door in doors]
    for piece in _BY_KIND[room.kind]:
        if happens(rng, 0.15):
            continue
        place = _place(rng, room, piece, taken)
        if place is not None:
            taken.append(place)
            yield place, piece


def footprint(place: Room, piece: Piece) -> list[Room]:
    """The rectangles of floor that a robot cannot enter."""
    if not piece.on_legs:
        return [place]
    return [
        Room(y, x, y + 2, x + 2)
        for y in (place.top, place.bottom - 2)
        for x in (place.left, place.right - 2)
    ]


def _widened(room: Room, by: int) -> Room:
    return Room(room.top - by, room.left - by, room.bottom + by, room.right + by)


def _place(rng: np.random.Generator, room: Room, piece: Piece, taken: list[Room]) -> Room | None:
    for _ in range(_TRIES):
        place = _somewhere(rng, room, piece)
        if place is not None and not any(place.meets(other, gap=_GAP) for other in taken):
            return place
    return None


def _somewhere(rng: np.random.Generator, room: Room, piece: Piece) -> Room | None:
    """A place at one of the four walls, or in the room for what stands free."""
    if happens(rng, 0.5):
        turned = _somewhere_across(rng, room.transposed(), piece)
        return turned.transposed() if turned else None
    return _somewhere_across(rng, room, piece)


def _somewhere_across(rng: np.random.Generator, room: Room, piece: Piece) -> Room | None:
    margin = _GAP if piece.on_legs else 0
    height, width = room.bottom - room.top, room.right - room.left
    if height < piece.depth + _GAP + margin or width < piece.width + 2 * margin:
        return None
    left = room.left + margin + int(rng.integers(0, width - piece.width - 2 * margin + 1))
    if piece.on_legs:
        top = room.top + margin + int(rng.integers(0, height - piece.depth - 2 * margin + 1))
    else:
        top = room.top if happens(rng, 0.5) else room.bottom - piece.depth
    return Room(top, left, top + piece.depth, left + piece.width)
