from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.corpus import MAPS, VALETUDO, needs_maps, needs_valetudo

from jobs import valetudo
from jobs.demo.fleet.firmware import MESSAGEPACK
from jobs.demo.fleet.plan import Plan
from jobs.demo.fleet.records import Record
from jobs.demo.fleet.replay import Replay
from schemas.batches import WireBatch
from schemas.errors import SettingsError
from schemas.lineage import Partition
from schemas.tables import MAP_TILES
from schemas.tables.devices import DEVICES_TOPIC
from schemas.tables.map_tiles import TILE
from streams.stages.decode import Decoder
from streams.stages.unpack import unpack

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
REPLAY = Replay(Plan(countries=("DE", "US")), START, rate=500)


def arrive(sent: list[Record]) -> list[dict[str, Any]]:
    """The tiles' rows, as the worker unpacks them."""
    tiles = [one for one in sent if one.topic == MAP_TILES.topic]
    batch = WireBatch(
        Partition(MAP_TILES.topic, "an-id", 0),
        0,
        len(tiles),
        np.arange(len(tiles)),
        np.zeros(len(tiles), np.int64),
        [one.value for one in tiles],
        {i: one.headers for i, one in enumerate(tiles) if one.headers},
    )
    decoding = Decoder(MAP_TILES).decode(batch)
    unpacked, endings = unpack(decoding.batch)
    assert not decoding.endings
    assert not endings
    rows: list[dict[str, Any]] = unpacked.rows.to_pylist()
    return rows


def corpus(folder: Path, tiles: np.ndarray) -> None:
    n = len(tiles)
    dev, version = np.arange(n) // 3, np.arange(n)
    file = folder / "tiles64.npz"
    np.savez(file, tiles=tiles, dev=dev, map=dev, ty=dev, tx=dev, ver=version)


def test_a_corpus_is_played_version_by_version_and_cell_by_cell(tmp_path: Path) -> None:
    tiles = np.random.default_rng(1).integers(0, 35, (9, TILE, TILE), np.uint8)
    corpus(tmp_path, tiles)
    sent = list(REPLAY.corpus(tmp_path))
    assert [one.topic for one in sent[:3]] == [DEVICES_TOPIC] * 3
    rows = arrive(sent)
    assert [row["cells"] for row in rows] == [tile.tobytes() for tile in tiles]
    assert [row["version"] for row in rows] == list(range(9))
    assert {one.fate.how for one in sent} == {"registration", "stored"}


def test_a_folder_without_a_corpus_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no tiles64\.npz"):
        list(REPLAY.corpus(tmp_path))


@needs_maps
def test_real_maps_arrive_cell_by_cell() -> None:
    rows = arrive(list(REPLAY.corpus(MAPS)))
    with np.load(MAPS / "public" / "tiles64.npz") as real:
        assert np.array_equal(
            np.frombuffer(b"".join(row["cells"] for row in rows), np.uint8),
            real["tiles"].ravel(),
        )
        keys = [(row["tile_y"], row["tile_x"], row["version"]) for row in rows]
        assert keys == list(zip(real["ty"], real["tx"], real["ver"], strict=True))


@needs_valetudo
def test_real_robots_own_files_arrive_as_tiles_of_robots_of_their_own() -> None:
    documents = [file.read_bytes() for file in VALETUDO]
    sent = list(REPLAY.files(documents))
    wanted = [
        cells.tobytes()
        for document in documents
        for _, cells in sorted(valetudo.read(document).cells.items())
    ]
    rows = arrive(sent)
    assert [row["cells"] for row in rows] == wanted
    assert len({row["device"] for row in rows}) == len(documents) == 9
    tiles = [one for one in sent if one.topic == MAP_TILES.topic]
    plain = [msgspec.json.decode(one.value or b"") for one in tiles if one.headers != MESSAGEPACK]
    assert {one["encoding"] for one in plain} == {"runs"}
