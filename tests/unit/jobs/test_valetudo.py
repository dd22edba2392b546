import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.corpus import VALETUDO, needs_valetudo

from jobs import valetudo
from schemas.errors import ContractError, DecodeError
from schemas.tables.map_tiles import TILE, MapTile


def document(*layers: dict[str, Any], **more: object) -> bytes:
    return json.dumps({"pixelSize": 5, "layers": layers, "entities": [], **more}).encode()


def layer(
    kind: str, *numbers: int, segment: str | None = None, field: str = "compressedPixels"
) -> dict[str, Any]:
    meta = {} if segment is None else {"segmentId": segment}
    return {"type": kind, "metaData": meta, field: numbers}


def painted(tiles: list[MapTile]) -> dict[tuple[int, int], int]:
    """{(x, y): label} of every known cell, from the records alone, one cell at a time."""
    cells: dict[tuple[int, int], int] = {}
    for tile in tiles:
        for one in tile.layers or ():
            for i in range(0, len(one["runs"]), 3):
                x, y, run = one["runs"][i : i + 3]
                for step in range(run):
                    cells[tile.tile_x * TILE + x + step, tile.tile_y * TILE + y] = one["label"]
    return cells


def said(file: Path) -> dict[tuple[int, int], int]:
    """The same from the robot's JSON: walls over segments over floor."""
    robot_map = json.loads(file.read_bytes())
    cells: dict[tuple[int, int], int] = {}
    for kind in ("floor", "segment", "wall"):
        for one in robot_map["layers"]:
            if one["type"] == kind:
                segment = int(one["metaData"].get("segmentId", 0))
                label = {"floor": 1, "wall": 2}.get(kind, 3 + segment)
                runs = one["compressedPixels"]
                for i in range(0, len(runs), 3):
                    for step in range(runs[i + 2]):
                        cells[runs[i] + step, runs[i + 1]] = label
    return cells


def records(robot_map: valetudo.RobotMap) -> list[MapTile]:
    made = valetudo.tiles(robot_map, device="d", name="m", version=0, event_time=1)
    return [msgspec.json.decode(msgspec.json.encode(one), type=MapTile) for one in made]


@needs_valetudo
@pytest.mark.parametrize("file", VALETUDO, ids=lambda path: path.stem)
def test_a_real_robots_map_arrives_cell_by_cell(file: Path) -> None:
    made = records(valetudo.read(file.read_bytes()))
    assert painted(made) == said(file)
    assert len(made) == len({(one.tile_x, one.tile_y) for one in made})


@needs_valetudo
@pytest.mark.parametrize("file", VALETUDO, ids=lambda path: path.stem)
def test_the_path_is_drawn_when_asked_for_and_covers_no_wall(file: Path) -> None:
    with_path = painted(records(valetudo.read(file.read_bytes(), with_path=True)))
    without = said(file)
    changed = {cell: label for cell, label in with_path.items() if without.get(cell) != label}
    assert changed
    assert set(changed.values()) == {valetudo.PATH}
    assert not any(without.get(cell) == valetudo.WALL for cell in changed)


def test_pixels_of_older_versions_say_the_same_as_runs() -> None:
    runs = document(layer("floor", 62, 3, 4), layer("wall", 10, 200, 2))
    pixels = document(
        layer("floor", 62, 3, 63, 3, 64, 3, 65, 3, field="pixels"),
        layer("wall", 10, 200, 11, 200, field="pixels"),
    )
    assert painted(records(valetudo.read(pixels))) == painted(records(valetudo.read(runs)))


def test_where_layers_overlap_a_wall_wins_over_a_segment_over_floor() -> None:
    layers = layer("wall", 0, 0, 1), layer("segment", 0, 0, 2, segment="7"), layer("floor", 0, 0, 3)
    assert painted(records(valetudo.read(document(*layers)))) == {(0, 0): 2, (1, 0): 10, (2, 0): 1}


def test_segments_with_ids_beyond_31_are_counted() -> None:
    layers = layer("segment", 0, 0, 1, segment="410"), layer("segment", 1, 0, 1, segment="12")
    assert painted(records(valetudo.read(document(*layers)))) == {(0, 0): 4, (1, 0): 5}


def test_rooms_names_stay_with_the_robot() -> None:
    named = layer("segment", 0, 0, 1, segment="1")
    named["metaData"]["name"] = "Nursery"
    assert b"Nursery" not in msgspec.json.encode(records(valetudo.read(document(named))))


def test_an_empty_map_is_no_tile() -> None:
    assert records(valetudo.read(document())) == []


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        b'{"layers": 1}',
        document(layer("floor", 1, 2)),
        document(layer("carpet", 1, 2, 3)),
        document(metaData={"version": 3}),
    ],
)
def test_what_is_not_such_a_map_is_an_error_and_never_a_wrong_map(broken: bytes) -> None:
    with pytest.raises(DecodeError):
        valetudo.read(broken)


@pytest.mark.parametrize(
    "too_large",
    [
        document(layer("floor", 10**6, 0, 1)),
        document(layer("floor", -1, 0, 1)),
        document(layer("floor", 0, 0, 10**9)),
        document(*[layer("segment", i, 0, 1, segment=str(i)) for i in range(32)]),
    ],
)
def test_what_does_not_fit_into_tiles_is_refused(too_large: bytes) -> None:
    with pytest.raises(ContractError):
        valetudo.read(too_large)


def test_cells_on_every_tile_boundary_keep_their_place() -> None:
    robot_map = valetudo.read(document(layer("floor", 0, 63, 200), layer("wall", 0, 64, 200)))
    assert set(robot_map.cells) == {(y, x) for y in (0, 1) for x in range(4)}
    for (y, x), cells in robot_map.cells.items():
        row = cells[63 if y == 0 else 0]
        assert np.count_nonzero(row) == (8 if x == 3 else 64)
