import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from schemas.errors import SettingsError
from schemas.map_privacy import MAX_SHIFT, MapPrivacy, Motion
from schemas.settings import Settings
from schemas.tables.map_tiles import MAX_LABEL, TILE

Cells = NDArray[np.uint8]

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
options = st.builds(
    MapPrivacy, contour=st.booleans(), grid=st.sampled_from([1, 2, 4, 8, 16]), moved=st.booleans()
)
shifts = st.integers(-MAX_SHIFT, MAX_SHIFT - 1)
motions = st.builds(
    Motion,
    transposed=st.booleans(),
    mirrored_x=st.booleans(),
    mirrored_y=st.booleans(),
    shift_x=shifts,
    shift_y=shifts,
)


@st.composite
def tiles(draw: st.DrawFn, n: int = 1) -> Cells:
    """Few squares of few labels, so that ties and walls come often."""
    small = draw(hnp.arrays(np.uint8, (n, 16, 16), elements=st.integers(0, MAX_LABEL)))
    cells = small.repeat(4, axis=1).repeat(4, axis=2)
    noise = draw(hnp.arrays(np.uint8, (n, TILE, TILE), elements=st.integers(0, 5), fill=st.just(0)))
    cells[noise > 3] = noise[noise > 3] - 3
    return cells


def whole(parts: Cells, at: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Every known cell of a map, by its (x, y) in the robot's frame."""
    return {
        (x * TILE + column, y * TILE + row): int(part[row, column])
        for part, (x, y) in zip(parts, at, strict=True)
        for row, column in np.argwhere(part).tolist()
    }


@given(options.filter(lambda one: one != MapPrivacy()))
def test_options_read_back_from_their_words(one: MapPrivacy) -> None:
    assert MapPrivacy.parse(str(one)) == one


@pytest.mark.parametrize("words", ["", "anonymous", "grid3", "grid2+grid4", "moved+", "contour,x"])
def test_an_option_that_does_not_exist_is_refused(words: str) -> None:
    with pytest.raises(SettingsError, match="FORTNIGHT_MAP_PRIVACY"):
        Settings.load({"FORTNIGHT_MAP_PRIVACY": f"smarock={words}"})


def test_options_are_set_by_vendor_and_are_off_where_nothing_is_said() -> None:
    assert Settings.load({}).map_privacy == ()
    given_ = Settings.load({"FORTNIGHT_MAP_PRIVACY": "smarock=moved+contour, other=grid8"})
    assert dict(given_.map_privacy) == {
        "smarock": MapPrivacy(contour=True, moved=True),
        "other": MapPrivacy(grid=8),
    }
    for wrong in ("smarock", "=moved", "a=moved,a=grid2"):
        with pytest.raises(SettingsError):
            Settings.load({"FORTNIGHT_MAP_PRIVACY": wrong})


@given(tiles(), options)
def test_what_tells_less_already_is_not_made_to_tell_less(cells: Cells, option: MapPrivacy) -> None:
    once = option.coarsened(cells)
    assert once.shape == cells.shape
    assert (option.coarsened(once) == once).all()


@given(tiles(), options, motions)
def test_it_does_not_matter_whether_maps_move_before_or_after(
    cells: Cells, option: MapPrivacy, motion: Motion
) -> None:
    first = option.coarsened(motion.turned(cells))
    assert (first == motion.turned(option.coarsened(cells))).all()


@given(tiles())
def test_a_contour_shows_walls_and_floor_and_nothing_of_rooms_or_the_way(cells: Cells) -> None:
    seen = MapPrivacy(contour=True).coarsened(cells)
    assert set(np.unique(seen)) <= {0, 1, 2}
    assert ((seen == 2) == (cells == 2)).all()
    assert ((seen == 0) == (cells == 0)).all()


@given(tiles(), st.sampled_from([2, 4, 8, 16]))
def test_a_square_has_one_label_and_a_wall_across_it_is_not_lost(cells: Cells, side: int) -> None:
    cells[:, 5] = 2
    seen = MapPrivacy(grid=side).coarsened(cells)
    assert (seen == seen[:, ::side, ::side].repeat(side, axis=1).repeat(side, axis=2)).all()
    assert (seen[:, 5] == 2).all()


@given(motions, tiles(n=2), st.tuples(st.integers(-9, 9), st.integers(-9, 9)))
def test_a_tile_moves_as_its_map_moves(motion: Motion, parts: Cells, at: tuple[int, int]) -> None:
    beside = [at, (at[0] + 1, at[1])]
    tile_x, tile_y = np.array(beside).T
    placed = np.array(motion.placed(tile_x, tile_y)).T.tolist()
    moved = whole(motion.turned(parts), [(x, y) for x, y in placed])
    expected = {}
    for (x, y), label in whole(parts, beside).items():
        x, y = (y, x) if motion.transposed else (x, y)  # noqa: PLW2901 - step by step, cell by cell
        x, y = (-1 - x if motion.mirrored_x else x, -1 - y if motion.mirrored_y else y)  # noqa: PLW2901
        expected[x + motion.shift_x * TILE, y + motion.shift_y * TILE] = label
    assert moved == expected


@given(motions, st.integers(-99, 99), st.integers(-99, 99))
def test_places_turn_as_the_map_does(motion: Motion, x: int, y: int) -> None:
    origin = np.array(motion.placed(np.array([0]), np.array([0])))
    there = np.array(motion.placed(np.array([x]), np.array([y])))
    assert (there - origin == np.array(motion.pointed(np.array([x]), np.array([y])))).all()


def test_a_device_is_moved_in_one_way_and_devices_in_different_ways() -> None:
    made = [Motion.of(f"SR:{number:04d}", KEY) for number in range(4000)]
    assert made == [Motion.of(f"sr{number:04d}", KEY) for number in range(4000)]
    assert len(set(made)) > 3990
    turns = {(one.transposed, one.mirrored_x, one.mirrored_y) for one in made}
    assert len(turns) == 8
    assert min(one.shift_x for one in made) >= -MAX_SHIFT
    assert max(one.shift_y for one in made) < MAX_SHIFT
    others = [Motion.of(f"SR:{number:04d}", OTHER_KEY) for number in range(4000)]
    assert sum(one == other for one, other in zip(made, others, strict=True)) < 5
