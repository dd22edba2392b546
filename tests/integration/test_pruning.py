"""What a question does not need is not read: bytes counted on the way from a real S3 server."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.counted import CountedWay, counted_way
from support.lake import PARTITION
from support.rows import NOW, path_of, pseudonym
from support.tile_rows import packed, tile_rows
from support.wire import EU

from jobs.demo.object_store import S3Server
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES
from schemas.tables.map_tiles import TILE
from storage.dataset import assemble, connect, latest_tiles, open_table
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import describe, encode
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.tiles import raw

DAYS, DEVICES, ROWS = 2, 20, 400
ROWS_A_GROUP = 20
"""So that a small file has row groups enough to leave out."""


@pytest.fixture(scope="module")
def way(s3: S3Server) -> Iterator[CountedWay]:
    with counted_way(s3.url) as way:
        yield way


@pytest.fixture(scope="module", params=["hot", "compacted"])
def tiles(request: pytest.FixtureRequest, way: CountedWay) -> Destination:
    """Two days of twenty devices whose cells are noise, so that they make up most bytes."""
    location = S3Location(f"pruning-{uuid4().hex[:8]}", "eu-central-1", way.url)
    S3Bucket(location, []).create()
    destination = Destination(MAP_TILES, EU, S3Store(location))
    destination.create()
    files = []
    for day in range(DAYS):
        noise = np.random.default_rng(day).integers(0, 35, (ROWS, TILE, TILE), np.uint8)
        rows = tile_rows(
            ROWS,
            seed=day,
            cells=raw.encode(noise),
            device=[pseudonym(1 + number % DEVICES) for number in range(ROWS)],
            map=[map_of(number % DEVICES) for number in range(ROWS)],
        )
        stored = packed(rows) if request.param == "compacted" else rows
        path = path_of(1 + day, expires=NOW + FORTNIGHT - timedelta(days=day))
        data = written(encode(stored, MAP_TILES))
        destination.store.put(object_key(MAP_TILES.name, path), data)
        files.append(describe(stored, data, path, NOW))
    destination.versions([PARTITION.application_id])
    destination.append(files, {PARTITION.application_id: 0})
    return destination


def map_of(turn: int) -> str:
    """Each device has one, under another name than its own."""
    return pseudonym(1000 + turn)


def written(data: bytes) -> bytes:
    """The same file in more row groups."""
    file = pq.ParquetFile(pa.BufferReader(data))
    rows = file.read().replace_schema_metadata(file.metadata.metadata)
    sink = io.BytesIO()
    pq.write_table(rows, sink, compression="zstd", row_group_size=ROWS_A_GROUP)
    return sink.getvalue()


@pytest.fixture
def bytes_of(way: CountedWay, tiles: Destination) -> Callable[[str], int]:
    """Bytes that a question costs, beyond opening the tables."""

    def ask(query: str) -> int:
        with connect({(MAP_TILES.name, EU): tiles}) as connection:
            before = way.answered
            connection.execute(query).fetchall()
            return way.answered - before

    return ask


def test_columns_that_are_not_asked_for_are_not_read(bytes_of: Callable[[str], int]) -> None:
    whole = bytes_of("select * from map_tiles")
    keys = bytes_of("select device, tile_x, count(*) from map_tiles group by all")
    assert keys < whole / 4


def test_files_of_other_days_are_not_read(bytes_of: Callable[[str], int]) -> None:
    whole = bytes_of("select cells from map_tiles")
    day = bytes_of("select cells from map_tiles where date = '2026-11-20'")
    none = bytes_of("select cells from map_tiles where date = '2026-11-01'")
    assert day < whole * 0.6
    assert none < whole / 100


def test_row_groups_of_other_devices_are_not_read(bytes_of: Callable[[str], int]) -> None:
    whole = bytes_of("select cells from map_tiles")
    query = f"select cells from map_tiles where device = '{pseudonym(1)}'"  # noqa: S608
    one = bytes_of(query)
    nobody = bytes_of(f"select cells from map_tiles where device = '{pseudonym(999)}'")  # noqa: S608
    never = bytes_of(f"{query} and map = 'k1:0'")
    assert one < whole / 3
    assert nobody < whole / 4
    assert never < whole / 4


def test_row_groups_of_other_maps_are_not_read(bytes_of: Callable[[str], int]) -> None:
    whole = bytes_of("select cells from map_tiles")
    one = bytes_of(f"select cells from map_tiles where map = '{map_of(3)}'")  # noqa: S608
    nobody = bytes_of(f"select cells from map_tiles where map = '{pseudonym(999)}'")  # noqa: S608
    assert one < whole / 3
    assert nobody < whole / 4


def test_a_map_costs_the_row_groups_of_its_device(
    way: CountedWay, tiles: Destination, bytes_of: Callable[[str], int]
) -> None:
    whole = bytes_of("select * from map_tiles")
    table = open_table(MAP_TILES.name, {(MAP_TILES.name, EU): tiles})
    before = way.answered
    assert assemble(latest_tiles(table, pseudonym(1))).cells.any()
    assert way.answered - before < whole / 2
