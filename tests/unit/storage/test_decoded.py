from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset
from support.lake import PARTITION, empty
from support.rows import NOW, path_of, pseudonym
from support.tile_rows import packed, tile_rows

from schemas.errors import IntegrityError
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES
from storage.dataset import assemble, connect, latest_tiles, open_table, reading
from storage.decoded import DecodedTiles
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import CODEC_TABLE, describe, encode
from storage.tiles import raw

DEVICE = pseudonym(1)
FILTERS = [
    None,
    pc.field("device") == DEVICE,
    pc.field("map") == pseudonym(100),
    pc.field("tile_x") > 0,
    (pc.field("device") == DEVICE) & (pc.field("version") < 20),
    pc.field("device") == pseudonym(99),
    pc.field("date") == "2026-11-20",
    pc.field("encoding") == raw.ENCODING,
    pc.field("encoding") != raw.ENCODING,
    pc.binary_length(pc.field("cells")) == 4096,
    pc.field("region") == "eu",
    pc.field("event_time") > pa.scalar(NOW + timedelta(minutes=20), pa.timestamp("us", "UTC")),
]
QUESTIONS: list[tuple[list[str] | None, pc.Expression | None]] = [
    *((None, wanted) for wanted in FILTERS),
    (["offset", "cells"], None),
    (["offset", "encoding"], FILTERS[1]),
    (["offset", "device", "date", "region"], FILTERS[4]),
]


def commit(destination: Destination, files: Sequence[tuple[pa.Table, int]]) -> None:
    """Add files of rows, each with a day of its own."""
    found = []
    for i, (rows, days) in enumerate(files):
        path = path_of(i + 1, expires=NOW + FORTNIGHT - timedelta(days=days))
        data = encode(rows, MAP_TILES)
        destination.store.put(object_key(MAP_TILES.name, path), data)
        found.append(describe(rows, data, path, NOW))
    destination.versions([PARTITION.application_id])
    destination.append(found, {PARTITION.application_id: 0})


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> tuple[DecodedTiles, DecodedTiles]:
    """The same rows, hot; and in both tiers."""
    parts = [(tile_rows(80, seed=i, offset=range(100 * i, 100 * i + 80)), i // 2) for i in range(4)]
    tables = []
    for hot in (4, 1):
        destination = empty(tmp_path_factory.mktemp("lake"), MAP_TILES)
        commit(
            destination,
            [(rows if i < hot else packed(rows), days) for i, (rows, days) in enumerate(parts)],
        )
        tables.append(
            open_table(MAP_TILES.name, {(MAP_TILES.name, destination.region): destination})
        )
    return tables[0], tables[1]


@pytest.mark.parametrize(("columns", "wanted"), QUESTIONS, ids=str)
def test_a_question_has_the_same_answer_in_both_tiers(
    tiers: tuple[DecodedTiles, DecodedTiles],
    columns: list[str] | None,
    wanted: pc.Expression | None,
) -> None:
    hot, mixed = (one.to_table(columns, filter=wanted).sort_by("offset") for one in tiers)
    assert hot.equals(mixed)
    assert tiers[0].count_rows(filter=wanted) == hot.num_rows == tiers[1].count_rows(filter=wanted)


def test_polars_reads_both_tiers(tiers: tuple[DecodedTiles, DecodedTiles]) -> None:
    frames = [
        pl.scan_pyarrow_dataset(one)
        .filter(pl.col("device") == DEVICE)
        .select("offset", "cells")
        .collect()
        .sort("offset")
        for one in tiers
    ]
    assert frames[0].equals(frames[1])
    assert len(frames[0])


QUERIES = [
    'select "offset", cells from map_tiles order by 1',
    "select device, count(*), sum(octet_length(cells)) from map_tiles group by 1 order by 1",
    f"select count(*) from map_tiles where device = '{DEVICE}' and tile_x > 0",  # noqa: S608
    "select count(*), min(version) from map_tiles where date = '2026-11-20'",
    "select count(*) from map_tiles where encoding = 'raw'",
    f"select cells from map_tiles where device in ('{DEVICE}', 'k1:0') order by version, cells",  # noqa: S608
]


@pytest.mark.parametrize("query", QUERIES)
def test_sql_gives_the_same_rows_in_both_tiers(tmp_path: Path, query: str) -> None:
    rows = tile_rows(120)
    answers = []
    for i, stored in enumerate((rows, packed(rows))):
        destination = empty(tmp_path / str(i), MAP_TILES)
        commit(destination, [(stored, 1)])
        with connect({(MAP_TILES.name, destination.region): destination}) as connection:
            answers.append(connection.execute(query).fetchall())
    assert answers[0] == answers[1]


def test_one_line_exports_the_compacted_tier_for_any_engine(tmp_path: Path) -> None:
    rows = tile_rows(30)
    destination = empty(tmp_path / "lake", MAP_TILES)
    commit(destination, [(packed(rows), 0)])
    with connect({(MAP_TILES.name, destination.region): destination}) as connection:
        connection.execute(f"copy map_tiles to '{tmp_path}/tiles.parquet'")
    found = pq.read_table(tmp_path / "tiles.parquet").sort_by("offset")
    assert found["cells"].to_pylist() == rows.sort_by("offset")["cells"].to_pylist()


def test_a_map_is_the_same_in_both_tiers(tiers: tuple[DecodedTiles, DecodedTiles]) -> None:
    for at in (None, NOW + timedelta(minutes=10)):
        hot, mixed = (assemble(latest_tiles(one, DEVICE, at=at)) for one in tiers)
        assert np.array_equal(hot.cells, mixed.cells)
        assert hot.missing == mixed.missing


def test_many_devices_are_decoded_some_at_a_time(tmp_path: Path) -> None:
    rows = tile_rows(400, devices=40, offset=range(400))
    pq.write_table(packed(rows).replace_schema_metadata({CODEC_TABLE: ""}), tmp_path / "a.parquet")
    table = DecodedTiles(dataset.dataset(tmp_path, schema=MAP_TILES.schema), at_once=30)
    batches = list(table.to_batches(columns=["offset", "cells"]))
    assert len(batches) > 400 / 60
    found = pa.Table.from_batches(batches).sort_by("offset")
    assert found["cells"].to_pylist() == rows["cells"].to_pylist()


def test_a_query_whose_file_was_compacted_meanwhile_reads_the_log_again(tmp_path: Path) -> None:
    rows = tile_rows(10)
    destination = empty(tmp_path, MAP_TILES)
    commit(destination, [(rows, 0)])
    (old,) = destination.live()
    tries = []

    def ask() -> int:
        with connect({(MAP_TILES.name, destination.region): destination}) as connection:
            tries.append(connection)
            if len(tries) == 1:
                data = encode(packed(rows), MAP_TILES)
                path = old.path.compacted(1)
                destination.store.put(object_key(MAP_TILES.name, path), data)
                new = describe(rows, data, path, NOW)
                destination.replace([old], [new], reason="compact", now=NOW)
                destination.store.delete([object_key(MAP_TILES.name, old.path)])
            found = connection.execute("select count(cells) from map_tiles").fetchall()
            return int(found[0][0])

    assert reading(ask) == 10
    assert len(tries) == 2


def test_damaged_cells_are_an_error_and_no_wrong_map(tmp_path: Path) -> None:
    stored = packed(tile_rows(20))
    cells = [one[:9] + bytes([one[9] ^ 1]) + one[10:] if one else one for one in _cells(stored)]
    at = stored.schema.get_field_index("cells")
    wrong = stored.set_column(at, stored.schema.field(at), pa.array(cells, pa.binary()))
    pq.write_table(wrong.replace_schema_metadata({CODEC_TABLE: ""}), tmp_path / "a.parquet")
    table = DecodedTiles(dataset.dataset(tmp_path, schema=MAP_TILES.schema))
    assert table.to_table(["version"]).num_rows == 20
    with pytest.raises(IntegrityError):
        table.to_table(["cells"])


def _cells(rows: pa.Table) -> list[bytes]:
    found: list[bytes] = rows["cells"].to_pylist()
    return found
