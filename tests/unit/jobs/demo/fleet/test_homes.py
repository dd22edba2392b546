import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.demo.fleet.home.floorplan import PATH, SOLID, UNKNOWN, build, grown, reachable
from jobs.demo.fleet.home.lidar import REACH, scan
from jobs.demo.fleet.home.memory import MapMemory
from jobs.demo.fleet.home.walk import LANE, Walker
from schemas.tables.map_tiles import MAX_LABEL, TILE

seeds = st.integers(0, 2**31 - 1)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_a_robot_gets_from_its_dock_into_every_room(seed: int) -> None:
    home = build(seed)
    reached = reachable(home.room_to_stand, home.dock)
    assert len(home.rooms) >= 2
    for room in range(1, len(home.rooms) + 1):
        assert (reached & (home.cells == PATH + room)).any()


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_no_floor_lies_beside_the_outside(seed: int) -> None:
    home = build(seed)
    assert set(np.unique(home.cells)) <= {UNKNOWN, SOLID, *range(PATH + 1, MAX_LABEL + 1)}
    assert not (grown(home.cells == UNKNOWN, 1) & (home.cells > PATH)).any()


def test_the_same_seed_builds_the_same_home_and_another_seed_another() -> None:
    assert np.array_equal(build(4).cells, build(4).cells)
    assert not np.array_equal(build(4).cells, build(5).cells)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_lidar_shows_only_what_is_there_and_near(seed: int) -> None:
    home = build(seed)
    seen = scan(home, home.dock)
    assert (home.cells[seen == 1] > PATH).all()
    assert (home.cells[seen == SOLID] == SOLID).all()
    distances = np.abs(np.argwhere(seen) - home.dock)
    assert distances.max() <= REACH
    assert (seen == SOLID).any()


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_lanes_sweep_all_of_a_room_and_never_hit_anything(seed: int) -> None:
    home = build(seed)
    walker = Walker(home)
    free, swept = home.room_to_stand, np.zeros_like(home.solid)
    here = home.dock
    for room in range(1, len(home.rooms) + 1):
        for point in walker.lanes(room):
            way = np.array(walker.way(here, point))
            assert free[tuple(way.T)].all()
            assert np.abs(np.diff(way, axis=0)).sum(axis=1).max(initial=1) == 1
            swept[tuple(way.T)] = True
            here = point
    missed = reachable(free, home.dock) & ~grown(swept, LANE) & (home.cells > PATH)
    assert missed.sum() < 0.02 * free.sum()


@given(seeds)
@settings(max_examples=10, deadline=None)
def test_tiles_that_were_sent_add_up_to_what_the_robot_knows(seed: int) -> None:
    home = build(seed)
    memory = MapMemory.empty(home, np.random.default_rng(seed))
    sent = np.zeros_like(memory.known)
    for spot in Walker(home).spots(1):
        memory.look(scan(home, spot))
        for y, x, cells in memory.changes():
            row, column = y - memory.first_tile[0], x - memory.first_tile[1]
            sent[row * TILE :, column * TILE :][:TILE, :TILE] = cells
    assert np.array_equal(sent, memory.known)
    assert not list(memory.changes())


@pytest.mark.parametrize("seed", range(5))
def test_segmenting_keeps_to_the_truth(seed: int) -> None:
    home = build(seed)
    memory = MapMemory.empty(home, np.random.default_rng(seed))
    for room in range(1, len(home.rooms) + 1):
        for spot in Walker(home).spots(room):
            memory.look(scan(home, spot))
    memory.segment(home)
    height, width = home.cells.shape
    known = memory.home[:height, :width]
    assert (known[known > 0] == home.cells[known > 0]).all()
    assert (known > PATH).sum() > 0.9 * (home.cells > PATH).sum()
