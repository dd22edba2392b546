from pathlib import Path

import numpy as np
import pytest
from support.corpus import MAPS, needs_maps

from jobs.maps.relink import A_HOME, HomeMap, known_maps, made_up, rate
from schemas.errors import SettingsError
from schemas.map_privacy import MapPrivacy


def twice(homes: int) -> list[HomeMap]:
    """Two maps a home: as it is, and by another robot that sees a tenth of it otherwise."""
    random = np.random.default_rng(0)
    maps = []
    for one in made_up(homes):
        other = one.cells.copy()
        wrong = random.random(other.shape) < 0.1
        other[wrong] = random.integers(0, 3, int(wrong.sum()))
        maps += [one, HomeMap(one.home, np.roll(other, (17, -9), (0, 1)))]
    return maps


def test_homes_are_found_again_through_noise_and_every_motion() -> None:
    maps = twice(4)
    moved = rate(maps, [*made_up(12)][4:], MapPrivacy(moved=True))
    assert moved.turning == 1
    assert moved.plain < 1
    assert rate(maps, [], MapPrivacy()).plain == 1


def test_maps_without_walls_are_found_no_oftener_than_by_chance() -> None:
    maps = [HomeMap(one.home, np.where(one.cells == 2, 1, one.cells)) for one in twice(4)]
    assert rate(maps, [*made_up(12)][4:], MapPrivacy()).turning < 0.5


def test_a_home_of_which_there_is_one_map_is_not_looked_for() -> None:
    maps = [*twice(2), *[*made_up(4)][2:]]
    assert rate(maps, [], MapPrivacy()).turning == 1


def test_a_folder_that_does_not_say_whose_maps_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"maps\.npz"):
        known_maps(tmp_path)


@needs_maps
def test_real_maps_are_a_few_a_home_on_the_lattice_of_tiles() -> None:
    maps = known_maps(MAPS / "public")
    homes = [one.home for one in maps]
    assert len(set(homes)) > 5
    assert max(homes.count(home) for home in homes) <= A_HOME
    assert all(side % 64 == 0 for one in maps for side in one.cells.shape)
