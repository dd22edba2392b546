"""Training and benchmark on maps made up here: small, but all the way through."""

from pathlib import Path

import numpy as np
import pytest

from jobs.maps import bench, train
from jobs.maps.corpus import Corpus
from storage.tiles import context
from storage.tiles.keys import Keys
from storage.tiles.tables import Tables

_NAMES = {
    "png_bytes_per_tile",
    "webp_bytes_per_tile",
    "raw_zstd3_bytes_per_row",
    "raw_zstd9_bytes_per_row",
    "raw_zstd19_bytes_per_row",
    "hot_bytes_per_row",
    "hot_60s_bytes_per_row",
    "compacted_bytes_per_row",
    "compacted_60s_bytes_per_row",
    "compacted_encode_rows_per_second",
    "compacted_decode_rows_per_second",
    "latest_tiles_per_second",
    "hot_encode_rows_per_second",
    "hot_decode_rows_per_second",
}


@pytest.fixture(scope="module")
def small() -> Corpus:
    """Three devices in two homes; on each a room is seen cell by cell."""
    tiles, rows = [], []
    for device in range(3):
        for x in range(2):
            for version in range(5):
                tile = np.zeros((64, 64), np.uint8)
                tile[5 + device : 30 + 3 * version, 10 : 40 + 2 * version] = 1
                tile[5 + device, 10 : 40 + 2 * version] = 2
                tiles.append(tile)
                rows.append((device, 0, 0, x, version))
    keys = Keys(*np.array(rows, np.int64).T)
    return Corpus(keys, np.stack(tiles), keys.version * 20, ("a", "a", "b"))


def test_the_benchmark_gives_every_figure_it_promises(small: Corpus) -> None:
    told: list[str] = []
    figures = bench.measure(small, told.append)
    assert set(figures) >= _NAMES
    assert all(value > 0 for value in figures.values())
    assert len(told) == len(figures)


def test_a_table_knows_what_it_was_trained_on_better_than_what_it_was_not(small: Corpus) -> None:
    heard = train.hear(small)
    fits = train.train(heard)
    figures = train.measure(small, heard, fits)
    assert 0 < sum(figures.seen.values()) < sum(figures.unseen.values())


def test_a_trained_table_is_written_with_and_says_how_it_was_made(
    small: Corpus, tmp_path: Path
) -> None:
    tables = Tables(tmp_path)
    made = tables.add(
        train.table_file(train.train(train.hear(small))), {"corpus": "made up", "rows": 30}
    )
    assert tables.current().digest == made.digest
    assert tables.about(made.version) == {"version": 1, "corpus": "made up", "rows": 30}
    chunks = context.encode(small.tiles, small.keys, tables=tables)
    assert np.array_equal(context.decode(chunks, small.keys, tables=tables), small.tiles)
