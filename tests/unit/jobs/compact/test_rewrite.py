from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lake import PARTITION, empty
from support.rows import NOW, path_of, rows_of
from support.tile_rows import tile_rows

from jobs.compact import Shard, Task, compact, look
from jobs.compact.rewrite import rewrite
from schemas.errors import ConflictError, IntegrityError, SettingsError
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES, TABLES, TELEMETRY, Table
from storage.dataset import open_table
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import CODEC_TABLE, decode, describe, encode
from storage.tiles import compacted

LATER = NOW + timedelta(days=1)
LATE = timedelta(days=9)
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
NUMBERS = count(1)


def commit(destination: Destination, parts: Sequence[pa.Table]) -> None:
    """One file a part, all of one hour."""
    files = []
    for rows in parts:
        path = path_of(next(NUMBERS), expires=NOW + FORTNIGHT)
        data = encode(rows, destination.table)
        destination.store.put(object_key(destination.table.name, path), data)
        files.append(describe(rows, data, path, NOW))
    destination.versions([PARTITION.application_id])
    destination.append(files, {PARTITION.application_id: 0})


def parts_of(table: Table, sizes: Sequence[int]) -> list[pa.Table]:
    ends = np.cumsum([0, *sizes])
    parts = []
    for i, n in enumerate(sizes):
        given_: dict[str, Any] = {"offset": range(int(ends[i]), int(ends[i + 1]))}
        if table is MAP_TILES:
            parts.append(tile_rows(n, seed=i, **given_))
        else:
            parts.append(rows_of(table, n, seed=i, **given_))
    return parts


def seen(destination: Destination) -> pa.Table:
    lake = {(destination.table.name, destination.region): destination}
    return open_table(destination.table.name, lake).to_table().sort_by("offset")


@EVERY_TABLE
def test_every_row_is_there_as_it_was_in_one_file_as_the_table_s_are(
    table: Table, tmp_path: Path
) -> None:
    destination = empty(tmp_path, table)
    commit(destination, parts_of(table, [40, 1, 60]))
    before = seen(destination)
    report = compact(destination, lambda: LATER, LATE, Shard())
    assert (report.files, report.refused) == (1, 0)
    assert seen(destination).equals(before)
    (file,) = destination.live()
    assert (file.rows, file.path.rewrites) == (101, 1)
    data = destination.store.get(object_key(table.name, file.path))
    content = pq.ParquetFile(pa.BufferReader(data))
    said = content.metadata.row_group(0).sorting_columns
    assert [table.schema.names[one.column_index] for one in said] == list(table.sort)
    assert content.schema_arrow.equals(table.schema, check_metadata=True)
    assert (CODEC_TABLE.encode() in content.metadata.metadata) == (table is MAP_TILES)
    assert compact(destination, lambda: LATER, LATE, Shard()).tasks == ()


def test_map_tiles_go_to_the_compacted_tier(tmp_path: Path) -> None:
    destination = empty(tmp_path, MAP_TILES)
    commit(destination, [tile_rows(50)])
    compact(destination, lambda: LATER, LATE, Shard())
    stored = destination.dataset().to_table(["encoding"])
    assert set(stored["encoding"].to_pylist()) == {compacted.ENCODING}


@given(st.lists(st.integers(1, 30), min_size=2, max_size=5), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_the_rows_are_the_same_however_they_are_cut(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], at_once: int
) -> None:
    destination = empty(tmp_path_factory.mktemp("lake"), TELEMETRY)
    commit(destination, parts_of(TELEMETRY, sizes))
    task = Task(tuple(destination.live()), "")
    before = seen(destination)
    written = rewrite(destination, task, NOW, at_once=at_once)
    found = [decode(one.data) for one in written]
    devices = [device for rows in found for device in rows["device"].to_pylist()]
    assert devices == sorted(devices)
    together = pa.concat_tables(found).sort_by("offset")
    assert together.equals(before.select(together.schema.names))


def test_tiles_of_a_device_in_both_tiers_become_one_chunk(tmp_path: Path) -> None:
    destination = empty(tmp_path, MAP_TILES)
    first, second = parts_of(MAP_TILES, [30, 30])
    commit(destination, [first])
    compact(destination, lambda: LATER, LATE, Shard())
    commit(destination, [second])
    before = seen(destination)
    compact(destination, lambda: LATER, LATE, Shard())
    (file,) = destination.live()
    assert file.path.rewrites == 2
    assert seen(destination).equals(before)


def test_a_file_that_is_gone_is_no_error_of_the_rows(tmp_path: Path) -> None:
    destination = empty(tmp_path, TELEMETRY)
    commit(destination, parts_of(TELEMETRY, [5, 5]))
    task = Task(tuple(destination.live()), "")
    destination.store.delete([object_key(TELEMETRY.name, task.files[0].path)])
    with pytest.raises(ConflictError):
        rewrite(destination, task, NOW)


def test_a_damaged_file_is_left_as_it_is(tmp_path: Path) -> None:
    destination = empty(tmp_path, TELEMETRY)
    commit(destination, parts_of(TELEMETRY, [5, 500]))
    key = object_key(TELEMETRY.name, destination.live()[0].path)
    data = bytearray(destination.store.get(key))
    data[len(data) // 3] ^= 1
    destination.store.put(key, bytes(data))
    before = destination.live()
    with pytest.raises(IntegrityError):
        compact(destination, lambda: LATER, LATE, Shard())
    assert destination.live() == before


def test_a_file_with_other_rows_than_the_log_says_is_not_rewritten(tmp_path: Path) -> None:
    destination = empty(tmp_path, TELEMETRY)
    commit(destination, parts_of(TELEMETRY, [5, 5]))
    key = object_key(TELEMETRY.name, destination.live()[0].path)
    destination.store.put(key, encode(rows_of(TELEMETRY, 4), TELEMETRY))
    with pytest.raises(IntegrityError, match="nothing was committed"):
        compact(destination, lambda: LATER, LATE, Shard())


def test_machines_share_the_folders(tmp_path: Path) -> None:
    destination = empty(tmp_path, TELEMETRY)
    files = []
    for hour in range(12):
        for rows in parts_of(TELEMETRY, [2, 2]):
            path = path_of(next(NUMBERS), expires=NOW + FORTNIGHT - timedelta(hours=hour))
            data = encode(rows, TELEMETRY)
            destination.store.put(object_key(TELEMETRY.name, path), data)
            files.append(describe(rows, data, path, NOW))
    destination.versions([PARTITION.application_id])
    destination.append(files, {PARTITION.application_id: 0})
    shares = [look(destination, LATER, LATE, Shard(i, 3)) for i in (1, 2, 3)]
    places = [str(task.place) for share in shares for task in share]
    assert len(places) == len(set(places)) == 12
    assert all(shares)


@pytest.mark.parametrize("text", ["", "0/1", "2/1", "1", "a/b", "1/2/3", "-1/2"])
def test_a_share_is_written_as_one_of_several(text: str) -> None:
    assert Shard.parse("2/3") == Shard(2, 3)
    with pytest.raises(SettingsError):
        Shard.parse(text)
