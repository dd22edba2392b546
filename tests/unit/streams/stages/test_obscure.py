from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.wire import (
    AMERICAN,
    EU,
    GERMAN,
    US,
    admission,
    reading,
    registration,
    registry,
    tile,
    wire,
)

from schemas.errors import PolicyError
from schemas.keyring import Keyring
from schemas.map_privacy import MapPrivacies, MapPrivacy, Motion
from schemas.privacy import Domain
from schemas.tables import MAP_TILES, TELEMETRY, Table
from streams.pipeline import Pipeline
from streams.registry import Registry
from streams.stages.pseudonymise import RegionKeys

KEYS = [RegionKeys.current(Keyring.generate((EU, US)), region) for region in (EU, US)]
GRID = np.arange(4096, dtype=np.uint8).reshape(64, 64) % 35
EVERYTHING = MapPrivacy(contour=True, grid=4, moved=True)
OTHER, SMAROCK = "360-robot-vacuum", "smarock"
"""Makers: of one whose policy leaves maps alone, and of one whose policy shows contours only."""


def stored(
    records: Sequence[Mapping[str, Any]],
    table: Table = MAP_TILES,
    known: Registry | None = None,
    maps: MapPrivacies | None = None,
) -> dict[str, pa.Table]:
    """Region -> rows as its table gets them, in offset order."""
    others = registry(
        registration(GERMAN, vendor=OTHER), registration(AMERICAN, vendor=OTHER, country="US")
    )
    path = Pipeline(table, admission(known or others), KEYS, maps=maps)
    chunk = wire(records)
    finished = path.finish(chunk.partition, [path.collect(chunk)])
    return {
        region: pa.Table.from_batches([*folders.values()]).sort_by("offset")
        for region, folders in finished.rows.items()
        if folders
    }


def motion(device: str, region: int) -> Motion:
    return Motion.of(device, KEYS[region].keys[Domain.MOTION])


def cells(rows: pa.Table) -> np.ndarray:
    return np.frombuffer(b"".join(rows["cells"].to_pylist()), np.uint8).reshape(-1, 64, 64)


def test_maps_are_stored_as_they_come_where_nothing_is_said_of_their_vendor() -> None:
    records = [tile(cells=GRID.tobytes(), tile_x=7)]
    plain, other = stored(records), stored(records, maps={SMAROCK: EVERYTHING})
    assert plain["eu"].equals(other["eu"])
    assert (cells(plain["eu"])[0] == GRID).all()
    assert plain["eu"]["tile_x"].to_pylist() == [7]


def test_every_map_of_a_device_is_moved_alike_and_each_device_in_its_own_way() -> None:
    places = [(3, -2), (4, -2), (900, 900)]
    records = [
        tile(device=device, map=name, tile_x=x, tile_y=y, cells=GRID.tobytes())
        for device in (GERMAN, AMERICAN)
        for name in ("ground floor", "first floor")
        for x, y in places
    ]
    rows = stored(records, maps={OTHER: MapPrivacy(moved=True)})
    for code, (region, device) in enumerate([("eu", GERMAN), ("us", AMERICAN)]):
        moved = motion(device, code)
        assert (cells(rows[region]) == moved.turned(GRID[None])).all()
        x, y = (np.array(axis) for axis in zip(*(places * 2), strict=True))
        expected = moved.placed(x, y)
        assert rows[region]["tile_x"].to_pylist() == expected[0].tolist()
        assert rows[region]["tile_y"].to_pylist() == expected[1].tolist()
    assert motion(GERMAN, 0) != motion(AMERICAN, 1)


def test_all_options_together_are_each_of_them_in_turn() -> None:
    rows = stored([tile(cells=GRID.tobytes())], maps={OTHER: EVERYTHING})["eu"]
    expected = motion(GERMAN, 0).turned(EVERYTHING.coarsened(GRID[None]))
    assert (cells(rows) == expected).all()


def test_a_vendors_option_is_for_its_own_robots_only() -> None:
    known = registry(registration(GERMAN, vendor=OTHER), registration(AMERICAN))
    records = [
        tile(device=one, cells=GRID.tobytes(), fault="core") for one in (AMERICAN, GERMAN, AMERICAN)
    ]
    rows = stored(records, known=known, maps={OTHER: MapPrivacy(grid=4)})["eu"]
    contour = MapPrivacy(contour=True).coarsened(GRID[None])
    assert [bool((one == contour).all()) for one in cells(rows)] == [True, False, True]


def test_a_policys_contour_is_stored_whatever_else_the_deployment_asks_for() -> None:
    records = [tile(cells=GRID.tobytes(), fault="core")]
    for more in (None, {SMAROCK: MapPrivacy(grid=4)}, {OTHER: EVERYTHING}):
        rows = stored(records, known=registry(), maps=more)["eu"]
        assert set(np.unique(cells(rows))) <= {0, 1, 2}


def test_a_map_option_of_a_maker_without_a_policy_is_an_error() -> None:
    with pytest.raises(PolicyError, match="no policy of another"):
        stored([tile()], maps={"another": EVERYTHING})


def test_a_robots_places_turn_with_its_map_and_what_has_no_place_keeps_none() -> None:
    records = [reading(x=1.5, y=-2.0), reading(), reading(x=0.0, y=4.0)]
    rows = stored(records, TELEMETRY, maps={OTHER: MapPrivacy(moved=True)})["eu"]
    x, y = motion(GERMAN, 0).pointed(np.array([1.5, 0.0]), np.array([-2.0, 4.0]))
    assert rows["x"].to_pylist() == [x[0], None, x[1]]
    assert rows["y"].to_pylist() == [y[0], None, y[1]]


def test_a_batch_in_which_nothing_is_admitted_is_no_trouble() -> None:
    assert stored([tile(device="nobody")], maps={OTHER: EVERYTHING}) == {}
    assert stored([reading(device="nobody")], TELEMETRY, maps={OTHER: EVERYTHING}) == {}
