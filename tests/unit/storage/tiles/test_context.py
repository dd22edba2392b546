"""The context codec: round trips, independence of devices, and damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from storage.tiles import context
from storage.tiles.chunk import CELLS
from storage.tiles.keys import Keys

Tiles = NDArray[np.uint8]


def _keys(rows: list[tuple[int, int, int, int, int]]) -> Keys:
    return Keys(*np.array(sorted(rows), np.int64).reshape(-1, 5).T)


def _drawn(rng: np.random.Generator, labels: int) -> Tiles:
    """A tile of rectangles, as rooms are."""
    tile = np.zeros((64, 64), np.uint8)
    for _ in range(int(rng.integers(0, 12))):
        y, x = rng.integers(0, 64, 2)
        high, wide = rng.integers(1, 40, 2)
        tile[y : y + high, x : x + wide] = rng.integers(0, labels)
    return tile


def _tile(rng: np.random.Generator, before: Tiles | None) -> Tiles:
    """A tile of any kind: constant, random, drawn, worst case, or changed a little."""
    kind = int(rng.integers(0, 7))
    if kind == 0 or (before is None and kind > 4):
        return np.full((64, 64), rng.integers(0, 256), np.uint8)
    if kind == 1:
        return rng.integers(0, rng.integers(2, 257), (64, 64)).astype(np.uint8)
    if kind == 2:
        board: Tiles = np.indices((64, 64)).sum(0).astype(np.uint8) % 2
        return board * np.uint8(rng.integers(1, 256))
    if kind <= 4 or before is None:
        return _drawn(rng, int(rng.integers(2, 256)))
    tile = before.copy()
    y, x = rng.integers(0, 64, (2, int(rng.integers(0, 60))))
    tile[y, x] = rng.integers(0, 36, len(y))
    return tile


@st.composite
def _tables(draw: st.DrawFn) -> tuple[Tiles, Keys]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    far = draw(st.sampled_from([1, 3, 1000, 2**62]))
    rows = [
        (device, map_, int(rng.integers(-far, far)), int(rng.integers(-far, far)), version)
        for device in range(draw(st.integers(1, 3)))
        for map_ in range(draw(st.integers(1, 2)))
        for version in range(draw(st.integers(1, 4)))
    ]
    keys = _keys(rows)
    tiles: list[Tiles] = []
    for _ in rows:
        tiles.append(_tile(rng, tiles[-1] if tiles else None))
    return np.stack(tiles), keys


def _map(versions: int = 6, devices: int = 3) -> tuple[Tiles, Keys]:
    """Maps that grow, of some devices."""
    rng = np.random.default_rng(5)
    rows, tiles = [], []
    for device in range(devices):
        for place in range(4):
            tile = _drawn(rng, 8)
            for version in range(versions):
                rows.append((device, 0, place // 2, place % 2, version))
                tile = tile.copy()
                tile[10 : 20 + version, 5 : 9 + version] = 1
                tile[tuple(rng.integers(0, 64, (2, 5)))] = 2
                tiles.append(tile)
    return np.stack(tiles), _keys(rows)


@settings(max_examples=15, deadline=None)
@given(_tables())
def test_tiles_come_back_as_they_were(table: tuple[Tiles, Keys]) -> None:
    tiles, keys = table
    chunks = context.encode(tiles, keys)
    np.testing.assert_array_equal(context.decode(chunks, keys), tiles)
    rows, newest = context.decode_latest(chunks, keys)
    first, length = keys.chains()
    np.testing.assert_array_equal(rows, first + length - 1)
    np.testing.assert_array_equal(newest, tiles[rows])


@settings(max_examples=5, deadline=None)
@given(_tables())
def test_a_device_decodes_alone_as_in_company(table: tuple[Tiles, Keys]) -> None:
    tiles, keys = table
    chunks = context.encode(tiles, keys)
    start = keys.device_starts().tolist()
    for device, chunk in enumerate(chunks):
        rows = slice(start[device], start[device + 1])
        assert context.encode(tiles[rows], keys[rows]) == [chunk]
        np.testing.assert_array_equal(context.decode([chunk], keys[rows]), tiles[rows])


def test_no_rows_are_no_chunks() -> None:
    keys = _keys([])
    tiles = np.zeros((0, 64, 64), np.uint8)
    assert context.encode(tiles, keys) == []
    assert context.decode([], keys).shape == tiles.shape
    assert context.decode_latest([], keys)[1].shape == tiles.shape


def test_a_tile_that_would_not_shrink_is_stored_raw() -> None:
    tile = np.random.default_rng(3).integers(0, 256, (1, 64, 64)).astype(np.uint8)
    chunk = context.encode(tile, _keys([(0, 0, 0, 0, 0)]))[0]
    assert CELLS < len(chunk) < CELLS + 16


def test_an_even_tile_takes_a_few_bytes() -> None:
    tile = np.zeros((1, 64, 64), np.uint8)
    assert len(context.encode(tile, _keys([(0, 0, 0, 0, 0)]))[0]) < 24


def test_many_devices_in_several_passes_are_as_in_one() -> None:
    tiles, keys = _map(devices=5)
    whole = context.encode(tiles, keys)
    assert context.encode(tiles, keys, at_once=50) == whole
    np.testing.assert_array_equal(context.decode(whole, keys, at_once=50), tiles)


def test_a_chunk_beside_other_rows_is_found_out() -> None:
    tiles, keys = _map()
    chunks = context.encode(tiles, keys)
    moved = Keys(keys.device, keys.map, keys.tile_y + 1, keys.tile_x, keys.version)
    with pytest.raises(IntegrityError, match="does not belong"):
        context.decode(chunks, moved)
    with pytest.raises(IntegrityError, match="does not belong"):
        context.decode(chunks[:1], keys[np.flatnonzero((keys.device == 0) & (keys.tile_x == 0))])


def test_an_unknown_table_version_is_an_error() -> None:
    tiles, keys = _map(devices=1)
    chunk = context.encode(tiles, keys)[0]
    with pytest.raises(IntegrityError, match="unknown table version"):
        context.decode([bytes([chunk[0] + 1]) + chunk[1:]], keys)


def test_chunks_and_devices_have_to_agree_in_number() -> None:
    tiles, keys = _map(devices=2)
    chunks = context.encode(tiles, keys)
    with pytest.raises(ValueError, match="one chunk a device"):
        context.decode(chunks[:1], keys)
