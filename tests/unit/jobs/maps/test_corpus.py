"""The maps beside the project, and what the codec makes of them."""

import os
from pathlib import Path

import numpy as np
import pytest

from jobs.maps import bench, corpus, train
from jobs.maps.corpus import Corpus
from schemas.errors import SettingsError
from storage.tiles import context

FOLDER = Path(
    os.environ.get("MAPS")  # noqa: TID251 - which maps to test on
    or Path(__file__).parents[5] / "shared" / "maps" / "public"
)
needs_maps = pytest.mark.skipif(
    not (FOLDER / "tiles64.npz").exists(), reason="no maps beside the checkout, nor where MAPS says"
)


@pytest.fixture(scope="module")
def maps() -> Corpus:
    return corpus.load(FOLDER)


@needs_maps
def test_every_tile_of_the_corpus_comes_back_as_it_was(maps: Corpus) -> None:
    chunks = context.encode(maps.tiles, maps.keys)
    np.testing.assert_array_equal(context.decode(chunks, maps.keys), maps.tiles)
    rows, newest = context.decode_latest(chunks, maps.keys)
    np.testing.assert_array_equal(newest, maps.tiles[rows])


@needs_maps
def test_a_compacted_file_is_as_small_as_promised(maps: Corpus) -> None:
    assert len(bench.compacted_file(maps)) / len(maps.tiles) <= 17.0


@needs_maps
def test_a_home_is_in_one_fold_only(maps: Corpus) -> None:
    folds = train.folds(maps)
    assert sorted(device for fold in folds for device in fold) == list(range(len(maps.homes)))
    homes = [{maps.homes[device] for device in fold} for fold in folds]
    assert sum(len(fold) for fold in homes) == len(set(maps.homes))


@needs_maps
def test_turning_twice_by_half_a_turn_changes_nothing(maps: Corpus) -> None:
    some = maps[np.arange(2000)]
    again = some.turned(3).turned(3)
    np.testing.assert_array_equal(again.tiles, some.tiles)
    np.testing.assert_array_equal(again.keys.tile_x, some.keys.tile_x)


def test_a_folder_without_maps_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        corpus.load(tmp_path)
