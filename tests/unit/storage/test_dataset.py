import re
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import dataset
from support.rows import NOW, path_of, pseudonym, rows_of

from schemas.regions import Region
from schemas.tables import MAP_TILES, TELEMETRY, Table
from storage.dataset import assemble, connect, latest_tiles, open_table, reading
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.tiles import raw

EU, US = Region("eu"), Region("us")
APP = "fleet.telemetry/iWaM0rMcSTeoqbKZkS4qVQ/0"
NUMBERS = count(1)
DEVICE, MAP = pseudonym(1), pseudonym(2)


def destination(folder: Path, table: Table, region: Region) -> Destination:
    made = Destination(table, region, DirectoryStore(folder / region))
    made.create()
    return made


def store(into: Destination, rows: pa.Table) -> DataFile:
    path, data = path_of(next(NUMBERS)), encode(rows, into.table)
    into.store.put(object_key(into.table.name, path), data)
    file = describe(rows, data, path, NOW)
    last = (into.versions([APP])[APP] or 0) + rows.num_rows
    into.append([file], {APP: last})
    return file


Lake = dict[tuple[str, Region], Destination]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = {
        (TELEMETRY.name, region): destination(tmp_path, TELEMETRY, region) for region in (EU, US)
    }
    made[MAP_TILES.name, EU] = destination(tmp_path, MAP_TILES, EU)
    for region, first in ((EU, 0), (US, 100)):
        offsets = range(first, first + 50)
        store(made[TELEMETRY.name, region], rows_of(TELEMETRY, 50, offset=offsets))
    return made


def test_a_table_is_one_over_all_regions_and_says_where_each_row_lives(lake: Lake) -> None:
    rows = open_table("telemetry", lake).to_table(["offset", "region", "date", "expires"])
    found = {(row["offset"], row["region"]) for row in rows.to_pylist()}
    assert found == {(i, "eu") for i in range(50)} | {(i, "us") for i in range(100, 150)}
    assert {*rows["expires"].to_pylist()} == {"2026-12-05T14"}


def test_a_region_is_chosen_by_its_column_or_by_name(lake: Lake) -> None:
    by_column = open_table("telemetry", lake).to_table(
        ["offset"], filter=pc.field("region") == "us"
    )
    by_name = open_table("telemetry", lake, [US]).to_table(["offset"])
    assert by_column.equals(by_name)
    assert by_name.num_rows == 50


def test_a_table_that_no_region_has_is_a_key_error(lake: Lake) -> None:
    with pytest.raises(KeyError):
        open_table("map_tiles", lake, [US])


def test_columns_say_their_unit_and_privacy_class(lake: Lake) -> None:
    schema = open_table("telemetry", lake).schema
    assert schema.field("battery_level").metadata[b"unit"] == b"%"
    assert all(b"privacy" in field.metadata for field in schema)


def test_sql_has_one_view_a_table_and_times_in_utc(lake: Lake) -> None:
    with connect(lake) as connection:
        counted = connection.execute("select region, count(*) from telemetry group by 1 order by 1")
        assert counted.fetchall() == [("eu", 50), ("us", 50)]
        assert connection.execute("select count(*) from map_tiles").fetchall() == [(0,)]
        first = connection.execute("select min(event_time)::varchar from telemetry").fetchone()
    assert first is not None
    assert re.fullmatch(r"2026-11-21 1\d:.*\+00", first[0])


def test_a_query_that_meets_a_missing_file_reads_the_log_again(lake: Lake) -> None:
    telemetry = lake["telemetry", EU]
    (file,) = telemetry.live()
    connections: list[duckdb.DuckDBPyConnection] = []

    def counted() -> int:
        with connect({("telemetry", EU): telemetry}) as connection:
            connections.append(connection)
            if len(connections) == 1:  # compacted, and gone, between opening and reading
                store(telemetry, rows_of(TELEMETRY, 50))
                telemetry.drop([file], reason="compact", now=NOW)
                telemetry.store.delete([object_key("telemetry", file.path)])
            found = connection.execute('select count(device), sum("offset") from telemetry')
            return int(found.fetchall()[0][0])

    assert reading(counted) == 50
    assert len(connections) == 2


def tiles(*versions: tuple[int, int, int, int], map_name: str = MAP) -> pa.Table:
    """Rows of (x, y, version, label), a second apart by version."""
    n = len(versions)
    x, y, version, label = zip(*versions, strict=True)
    cells = np.repeat(np.array(label, np.uint8), 4096).reshape(n, 64, 64)
    return rows_of(
        MAP_TILES,
        n,
        device=[DEVICE] * n,
        map=[map_name] * n,
        tile_x=x,
        tile_y=y,
        version=version,
        event_time=[NOW + timedelta(seconds=v) for v in version],
        encoding=["raw"] * n,
        cells=raw.encode(cells),
    )


def test_the_latest_version_of_each_tile_is_found_over_all_files(lake: Lake) -> None:
    store(lake["map_tiles", EU], tiles((0, 0, 1, 5), (1, 0, 2, 6)))
    store(lake["map_tiles", EU], tiles((0, 0, 3, 7), (1, 1, 4, 8)))
    store(lake["map_tiles", EU], tiles((9, 9, 1, 9), map_name=pseudonym(3)))
    table = open_table("map_tiles", lake)
    plan = assemble(latest_tiles(table, DEVICE))
    assert (plan.map, plan.left, plan.top, plan.missing) == (MAP, 0, 0, ((0, 1),))
    assert plan.cells.shape == (128, 128)
    assert plan.cells[::64, ::64].tolist() == [[7, 6], [0, 8]]
    before = assemble(latest_tiles(table, DEVICE, MAP, at=NOW + timedelta(seconds=2)))
    assert before.cells[::64, ::64].tolist() == [[5, 6]]
    assert before.missing == ()
    other = latest_tiles(table, DEVICE, pseudonym(3))
    assert other["tile_x"].to_pylist() == [9]
    assert other["region"].to_pylist() == ["eu"]


def test_nobody_has_no_map(lake: Lake) -> None:
    store(lake["map_tiles", EU], tiles((0, 0, 1, 5)))
    table = open_table("map_tiles", lake)
    for found in (
        latest_tiles(table, pseudonym(99)),
        latest_tiles(table, DEVICE, pseudonym(99)),
        latest_tiles(table, DEVICE, at=NOW - timedelta(days=1)),
    ):
        assert found.num_rows == 0
        with pytest.raises(ValueError, match="without tiles"):
            assemble(found)


VERSIONS = st.lists(
    st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(0, 5), st.integers(1, 34)),
    min_size=1,
    max_size=30,
    unique_by=lambda one: one[:3],
)


@given(VERSIONS, st.integers(0, 6), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_map_at_an_instant_is_what_its_tiles_were_then(
    versions: list[tuple[int, int, int, int]], at: int, cut: int
) -> None:
    expected = {
        (x, y): label
        for x, y, version, label in sorted(versions, key=lambda one: one[2])
        if version <= at
    }
    with TemporaryDirectory() as folder:
        for i, part in enumerate((versions[:cut], versions[cut:])):
            if part:
                Path(folder, f"{i}.parquet").write_bytes(encode(tiles(*part), MAP_TILES))
        table = dataset.dataset(folder, schema=MAP_TILES.schema)
        rows = latest_tiles(table, DEVICE, at=NOW + timedelta(seconds=at))
        if not expected:
            assert rows.num_rows == 0
            return
        plan = assemble(rows)
    shown = {
        (plan.left + x, plan.top + y): int(label)
        for (y, x), label in np.ndenumerate(plan.cells[::64, ::64])
        if label
    }
    assert shown == expected
    assert len(plan.missing) == plan.cells.size // 4096 - len(expected)
