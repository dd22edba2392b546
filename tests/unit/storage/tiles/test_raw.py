import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from support.rows import rows_of

from schemas.errors import IntegrityError
from schemas.tables import MAP_TILES
from storage.parquet import decode as read
from storage.parquet import encode as write
from storage.tiles import decode_tiles, raw

TILES = arrays(np.uint8, st.tuples(st.integers(0, 4), st.just(64), st.just(64)))


@given(TILES)
def test_every_tile_comes_back(cells: NDArray[np.uint8]) -> None:
    column = raw.encode(cells)
    column.validate(full=True)
    assert column.type == pa.binary()
    assert np.array_equal(raw.decode(column), cells)


@given(TILES, st.integers(0, 4), st.integers(0, 4))
def test_any_part_of_a_column_is_decoded_alone(
    cells: NDArray[np.uint8], first: int, n: int
) -> None:
    part = raw.encode(cells).slice(min(first, len(cells)), n)
    assert np.array_equal(raw.decode(part), cells[first : first + n])


def test_encoding_and_decoding_copy_nothing() -> None:
    cells = np.zeros((3, 64, 64), np.uint8)
    assert np.shares_memory(raw.decode(raw.encode(cells)), cells)


@pytest.mark.parametrize(
    "cells",
    [np.zeros((1, 64, 63), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((1, 64, 64), np.int8)],
)
def test_arrays_that_are_no_tiles_are_refused(cells: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="64, 64"):
        raw.encode(cells)


@pytest.mark.parametrize("value", [None, b"", b"\0" * 4095, b"\0" * 4097])
def test_a_value_that_is_no_tile_is_an_error(value: bytes | None) -> None:
    with pytest.raises(IntegrityError, match="tile"):
        raw.decode(pa.array([b"\0" * 4096, value], pa.binary()))


def test_rows_of_a_file_give_their_cells_in_order() -> None:
    rows = rows_of(MAP_TILES, 50, encoding=["raw"] * 50)
    found = read(write(rows, MAP_TILES))
    whole = pa.concat_tables([found.slice(0, 20), found.slice(20)])
    expected = [np.frombuffer(value, np.uint8) for value in whole["cells"].to_pylist()]
    assert np.array_equal(decode_tiles(whole).reshape(50, -1), expected)
    assert decode_tiles(whole.slice(0, 0).replace_schema_metadata(None)).shape == (0, 64, 64)


def test_an_encoding_that_no_codec_reads_is_an_error() -> None:
    rows = rows_of(MAP_TILES, 2, encoding=["raw", "of tomorrow"])
    with pytest.raises(IntegrityError, match="encoding"):
        decode_tiles(rows)
