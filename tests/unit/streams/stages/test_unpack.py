import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from support.wire import tile, wire

from schemas.tables import MAP_TILES
from schemas.tables.map_tiles import MAX_LABEL
from streams.stages.decode import Decoder
from streams.stages.unpack import NOT_A_TILE, NOT_THE_ENCODING, UNKNOWN_LABEL, unpack

DECODER = Decoder(MAP_TILES)
tiles = hnp.arrays(np.uint8, (64, 64), elements=st.integers(0, MAX_LABEL))


def png(cells: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(cells).save(file, "PNG")
    return file.getvalue()


def layers(cells: NDArray[np.uint8]) -> list[dict[str, object]]:
    return [
        {
            "label": int(label),
            "runs": [n for y, x in np.argwhere(cells == label) for n in (int(x), int(y), 1)],
        }
        for label in np.unique(cells)
        if label
    ]


def ways(cells: NDArray[np.uint8]) -> list[dict[str, object]]:
    raw = cells.tobytes()
    return [
        tile(cells=raw),
        tile(encoding="zlib", cells=zlib.compress(raw)),
        tile(encoding="png", cells=png(cells)),
        tile(encoding="runs", cells=None, layers=layers(cells)),
    ]


@given(tiles)
def test_a_tile_is_the_same_cells_however_it_was_sent(cells: NDArray[np.uint8]) -> None:
    batch, endings = unpack(DECODER.decode(wire(ways(cells))).batch)
    assert not endings
    assert batch.rows["cells"].to_pylist() == [cells.tobytes()] * 4
    assert batch.rows["encoding"].to_pylist() == ["raw"] * 4


FLOOR = bytes([1]) * 4096
BOMB = zlib.compress(bytes(10**7))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (tile(cells=FLOOR[1:]), NOT_A_TILE),
        (tile(cells=FLOOR + b"\1"), NOT_A_TILE),
        (tile(cells=None), NOT_A_TILE),
        (tile(cells=bytes([MAX_LABEL + 1]) * 4096), UNKNOWN_LABEL),
        (tile(encoding="zlib", cells=FLOOR), NOT_THE_ENCODING),
        (tile(encoding="zlib", cells=BOMB[:8192]), NOT_A_TILE),
        (tile(encoding="zlib", cells=zlib.compress(FLOOR)[:-4]), NOT_A_TILE),
        (tile(encoding="png", cells=b"\x89PNG\r\n\x1a\n"), NOT_THE_ENCODING),
        (tile(encoding="png", cells=png(np.zeros((32, 64), np.uint8))), NOT_A_TILE),
        (tile(encoding="runs", cells=None), NOT_A_TILE),
        (tile(encoding="runs", layers=[{"label": 1, "runs": [0, 0]}]), NOT_THE_ENCODING),
        (tile(encoding="runs", layers=[{"label": 1, "runs": [63, 0, 2]}]), NOT_A_TILE),
        (tile(encoding="runs", layers=[{"label": 1, "runs": [0, 64, 1]}]), NOT_A_TILE),
    ],
)
def test_a_bad_tile_is_a_dead_letter_and_its_neighbours_are_untouched(
    bad: dict[str, object], reason: str
) -> None:
    decoding = DECODER.decode(wire([tile(version=1), bad, tile(version=3)]))
    batch, endings = unpack(decoding.batch)
    assert [(one.how, one.offsets.tolist()) for one in endings] == [(f"rejected/{reason}", [1])]
    assert batch.rows["version"].to_pylist() == [1, 3]
    assert batch.rows["cells"].to_pylist() == [FLOOR, FLOOR]


@given(st.binary(max_size=300), st.sampled_from(["zlib", "png", "raw"]))
def test_no_bytes_break_the_unpacking(cells: bytes, encoding: str) -> None:
    decoding = DECODER.decode(wire([tile(encoding=encoding, cells=cells)]))
    batch, endings = unpack(decoding.batch)
    assert batch.rows.num_rows + sum(len(one.offsets) for one in endings) == 1
