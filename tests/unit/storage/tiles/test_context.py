"""The context codec: round trips, independence of devices, and damage."""

import numpy as np

from storage.tiles import context
from storage.tiles.keys import Keys


def _keys(rows: list[tuple[int, int, int, int, int]]) -> Keys:
    columns = np.array(rows, np.int64).reshape(-1, 5)
    return Keys(*columns.T)


def test_tiles_come_back_as_they_were() -> None:
    rng = np.random.default_rng(1)
    keys = _keys([(0, 0, 0, 0, 0), (0, 0, 0, 0, 1), (1, 0, 3, 4, 0), (1, 0, 3, 5, 0)])
    tiles = np.zeros((4, 64, 64), np.uint8)
    tiles[0, 10:20, 5:50] = 1
    tiles[1, 10:22, 5:50] = 1
    tiles[2] = rng.integers(0, 255, (64, 64))
    tiles[3] = 255
    chunks = context.encode(tiles, keys)
    np.testing.assert_array_equal(context.decode(chunks, keys), tiles)
