"""Where a robot goes: the shortest way between two cells, and the lanes that cover a room."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jobs.demo.fleet.home.floorplan import PATH, Home, reachable

Cell = tuple[int, int]

_STRIDE = 3
"""Ways are looked for on every third row and column."""

LANE = 2 * _STRIDE
"""Cells between two lanes: 30 cm, a brush's width."""


class Walker:
    """Ways through one home, on the cells where a robot can stand and get to from its dock."""

    def __init__(self, home: Home) -> None:
        top, left = home.dock[0] % _STRIDE, home.dock[1] % _STRIDE
        self._offset = (top, left)
        coarse = np.s_[top::_STRIDE, left::_STRIDE]
        dock = (home.dock[0] // _STRIDE, home.dock[1] // _STRIDE)
        self._free = reachable(home.room_to_stand[coarse], dock)
        self._rooms = home.cells[coarse]
        self._width: int = self._free.shape[1]
        self._flat = self._free.tobytes()

    def way(self, start: Cell, end: Cell) -> list[Cell]:
        """Every cell from `start` to `end`, both among the cells that lanes and docks are on."""
        return list(self._fine(self._search(self._coarse(start), self._coarse(end))))

    def spots(self, room: int) -> list[Cell]:
        """Up to three places in a room (counted from 1) from where a lidar sees most of it."""
        places = np.argwhere(self._free & (self._rooms == PATH + room))
        if not len(places):
            return []
        order = places.sum(axis=1).argsort(kind="stable")
        middle = np.abs(places - places.mean(axis=0)).sum(axis=1).argmin()
        chosen = dict.fromkeys([int(order[0]), int(middle), int(order[-1])])
        return [self._exact(places[i]) for i in chosen]

    def lanes(self, room: int) -> list[Cell]:
        """Turning points, in order, of lanes that cover a room (counted from 1)."""
        inside = self._free & (self._rooms == PATH + room)
        rows, columns = np.nonzero(inside)
        if not len(rows):
            return []
        if np.ptp(rows) > np.ptp(columns):
            return [self._exact((y, x)) for x, y in _boustrophedon(inside.T)]
        return [self._exact(cell) for cell in _boustrophedon(inside)]

    def around(self, cell: Cell, radius: int) -> list[Cell]:
        """Turning points of lanes within `radius` cells of a place."""
        rows, columns = np.indices(self._free.shape)
        y, x = self._coarse(cell)
        near = np.maximum(abs(rows - y), abs(columns - x)) * _STRIDE <= radius
        return [self._exact(one) for one in _boustrophedon(self._free & near)]

    def nearest(self, cell: Cell) -> Cell:
        """The nearest cell that ways lead through."""
        places = np.argwhere(self._free)
        y, x = self._coarse(cell)
        return self._exact(places[np.abs(places - (y, x)).sum(axis=1).argmin()])

    def _coarse(self, cell: Cell) -> Cell:
        return (cell[0] - self._offset[0]) // _STRIDE, (cell[1] - self._offset[1]) // _STRIDE

    def _exact(self, cell: Iterable[int]) -> Cell:
        y, x = cell
        return int(y) * _STRIDE + self._offset[0], int(x) * _STRIDE + self._offset[1]

    def _search(self, start: Cell, end: Cell) -> list[Cell]:
        """The shortest way on the coarse cells, both ends included."""
        if straight := self._straight(start, end):
            return straight
        came_from = self._spread(self._number(end), self._number(start))
        way, here = [start], self._number(start)
        while way[-1] != end:
            here = came_from[here]
            way.append(divmod(here, self._width))
        return way

    def _spread(self, first: int, until: int) -> dict[int, int]:
        """Breadth first from one cell until another: cell -> the next one on the way back."""
        came_from, waiting = {first: first}, deque([first])
        free, around = self._flat, (-self._width, self._width, -1, 1)
        while until not in came_from:
            here = waiting.popleft()
            for step in around:
                cell = here + step
                if free[cell] and cell not in came_from:
                    came_from[cell] = here
                    waiting.append(cell)
        return came_from

    def _number(self, cell: Cell) -> int:
        return cell[0] * self._width + cell[1]

    def _straight(self, start: Cell, end: Cell) -> list[Cell]:
        """The way along a row or a column where nothing is in between, else nothing."""
        n = abs(end[0] - start[0]) + abs(end[1] - start[1])
        if (start[0] != end[0] and start[1] != end[1]) or n == 0:
            return [start] if n == 0 else []
        down, right = (end[0] - start[0]) // n, (end[1] - start[1]) // n
        way = [(start[0] + i * down, start[1] + i * right) for i in range(n + 1)]
        return way if all(self._free[cell] for cell in way) else []

    def _fine(self, way: list[Cell]) -> Iterator[Cell]:
        for one, two in pairwise(way):
            (y, x), down, right = self._exact(one), two[0] - one[0], two[1] - one[1]
            for step in range(_STRIDE):
                yield y + down * step, x + right * step
        yield self._exact(way[-1])


def _boustrophedon(inside: NDArray[np.bool_]) -> Iterator[Cell]:
    """The ends of each run of every second row, there and back again."""
    back = False
    for row in range(0, len(inside), LANE // _STRIDE):
        edges = np.flatnonzero(np.diff(np.pad(inside[row], 1).astype(np.int8)))
        runs = [(int(first), int(last) - 1) for first, last in edges.reshape(-1, 2)]
        for first, last in reversed(runs) if back else runs:
            yield from ((row, last), (row, first)) if back else ((row, first), (row, last))
        back = back ^ bool(runs)
