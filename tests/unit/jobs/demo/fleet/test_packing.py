import io
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from jobs.demo.fleet.packing import ENCODINGS, Encoding, pack
from schemas.tables.map_tiles import MAX_LABEL, TILE, MapTile

noisy = arrays(np.uint8, (TILE, TILE), elements=st.integers(0, MAX_LABEL))


def tile_of(cells: np.ndarray) -> MapTile:
    place = {"map": "m", "tile_x": 0, "tile_y": 0, "version": 1}
    return msgspec.convert(
        {"device": "d", "event_time": 1, **place, "encoding": "raw", "cells": cells.tobytes()},
        MapTile,
        builtin_types=(bytes,),
    )


def cells_of(tile: MapTile) -> np.ndarray:
    if tile.encoding == "runs":
        cells = np.zeros((TILE, TILE), np.uint8)
        for layer in tile.layers or ():
            for i in range(0, len(layer["runs"]), 3):
                x, y, run = layer["runs"][i : i + 3]
                assert run > 0
                assert x + run <= TILE
                assert not cells[y, x : x + run].any(), "layers overlap"
                cells[y, x : x + run] = layer["label"]
        return cells
    packed = tile.cells or b""
    if tile.encoding == "png":
        return np.asarray(Image.open(io.BytesIO(packed)))
    raw = zlib.decompress(packed) if tile.encoding == "zlib" else packed
    return np.frombuffer(raw, np.uint8).reshape(TILE, TILE)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(cells=noisy)
def test_every_encoding_of_a_tile_says_the_same_cells(
    encoding: Encoding, cells: np.ndarray
) -> None:
    packed = pack(tile_of(cells), encoding)
    assert packed.encoding == encoding
    assert np.array_equal(cells_of(packed), cells)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("label", [0, 1, MAX_LABEL])
def test_a_tile_of_one_label_is_packed_whole(encoding: Encoding, label: int) -> None:
    cells = np.full((TILE, TILE), label, np.uint8)
    assert np.array_equal(cells_of(pack(tile_of(cells), encoding)), cells)
    checked = msgspec.msgpack.encode(pack(tile_of(cells), encoding))
    assert msgspec.msgpack.decode(checked, type=MapTile).encoding == encoding
