"""Maps from our own generator: homes that nobody lives in, as its fleet would send them."""

import itertools

import numpy as np

from jobs.demo.fleet.registrations import owner_of
from jobs.demo.fleet.robot import Robot
from jobs.maps.corpus import Corpus
from schemas.tables.map_tiles import TILE, MapTile
from storage.tiles.keys import Keys

_SEED = 360
_SECONDS = 400.0
"""Of a robot's life: as long as the runs of the corpus beside the project."""


def invent(robots: int) -> Corpus:
    """Tiles of so many robots, each with a home of its own; the same ones every time."""
    rows: list[tuple[int, ...]] = []
    cells: list[bytes] = []
    for index in range(robots):
        robot = Robot.of(owner_of(_SEED, index, ("360",), ("DE",)), _SEED, index)
        for said in itertools.takewhile(lambda said: said.at < _SECONDS, robot.life()):
            if isinstance(said.what, MapTile) and said.what.cells is not None:
                tile = said.what
                place = (tile.tile_y, tile.tile_x, tile.version, int(said.at), len(cells))
                rows.append((index, 0, *place))
                cells.append(said.what.cells)
    table = np.array(sorted(rows), np.int64)
    tiles = np.frombuffer(b"".join(cells), np.uint8).reshape(-1, TILE, TILE)
    keys = Keys(*(np.ascontiguousarray(column) for column in table[:, :5].T))
    homes = tuple(f"invented {index}" for index in range(robots))
    return Corpus(keys, tiles[table[:, 6]], table[:, 5], homes)
