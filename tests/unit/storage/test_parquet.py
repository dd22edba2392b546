import io

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rows import NOW, path_of, pseudonym, rows_of

from schemas.errors import IntegrityError
from schemas.privacy import Privacy, columns_with
from schemas.tables import DEAD_LETTERS, MAP_TILES, TABLES, TELEMETRY, Table
from storage.log import BOUNDED
from storage.parquet import bounds, decode, describe, encode

EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in table.sort])


@EVERY_TABLE
def test_rows_come_back_sorted_and_with_the_declared_schema(table: Table) -> None:
    rows = rows_of(table, 500)
    found = decode(encode(rows, table))
    assert found.schema.equals(table.schema, check_metadata=True)
    assert found.equals(in_order(rows, table))


@given(st.data())
@settings(deadline=None)
def test_rows_that_sort_alike_keep_their_order(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 60))
    devices = data.draw(st.lists(st.text(max_size=3), min_size=n, max_size=n))
    times = data.draw(st.lists(st.integers(0, 2**62) | st.integers(0, 3), min_size=n, max_size=n))
    rows = rows_of(TELEMETRY, n, device=devices, event_time=times)
    found = decode(encode(rows, TELEMETRY)).column("offset").to_pylist()
    assert found == sorted(range(n), key=lambda i: (devices[i].encode(), times[i], i))


def test_rows_without_a_key_come_last() -> None:
    rows = rows_of(DEAD_LETTERS, 3, topic=["b", None, "a"], partition=[1, 1, None])
    assert decode(encode(rows, DEAD_LETTERS)).column("topic").to_pylist() == ["a", "b", None]


@EVERY_TABLE
def test_the_same_rows_give_the_same_bytes_however_their_text_is_held(table: Table) -> None:
    rows = rows_of(table, 200)
    halves = pa.concat_tables([rows.slice(0, 90), rows.slice(90)])
    columns = [c.dictionary_encode() if c.type == pa.string() else c for c in halves.columns]
    compact = pa.Table.from_arrays(columns, names=table.schema.names)
    assert encode(rows, table) == encode(halves, table) == encode(compact, table)
    assert encode(rows.combine_chunks().to_batches()[0], table) == encode(rows, table)


def test_a_file_holds_no_text_that_no_row_has() -> None:
    rows = rows_of(TELEMETRY, 300, device=[None, *map(pseudonym, range(299))])
    columns = [c.dictionary_encode() if c.type == pa.string() else c for c in rows.columns]
    compact = pa.Table.from_arrays(columns, names=TELEMETRY.schema.names).slice(0, 10)
    assert encode(compact, TELEMETRY) == encode(rows.slice(0, 10), TELEMETRY)


@EVERY_TABLE
def test_a_rewrite_carries_every_writer_property_over(table: Table) -> None:
    first = encode(rows_of(table, 300), table)
    rewritten = encode(decode(first).slice(0, 200), table)
    assert properties(rewritten, table) == properties(first, table)


@EVERY_TABLE
def test_files_say_their_order_and_have_index_checksums_and_filters(table: Table) -> None:
    found = properties(encode(rows_of(table, 300), table), table)
    assert found["order"] == list(table.sort)
    assert found["codecs"] == {"ZSTD"}
    assert found["filters"] == columns_with(table.schema, Privacy.PSEUDONYM)
    assert found["indexed"] == found["statistics"]
    assert found["statistics"] == [n for n in table.schema.names if n in (*table.sort, *BOUNDED)]


def properties(data: bytes, table: Table) -> dict[str, object]:
    file = pq.ParquetFile(io.BytesIO(data))
    group = file.metadata.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    return {
        "order": [table.schema.names[one.column_index] for one in group.sorting_columns],
        "codecs": {c.compression for c in columns},
        "encodings": [c.encodings for c in columns],
        "filters": [c.path_in_schema for c in columns if c.bloom_filter_offset is not None],
        "indexed": [c.path_in_schema for c in columns if c.has_column_index and c.has_offset_index],
        "statistics": [c.path_in_schema for c in columns if c.is_stats_set],
        "metadata": file.metadata.metadata,
        "schema": file.schema_arrow,
    }


def test_the_bloom_filter_knows_who_is_in_the_file(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    file = tmp_path_factory.mktemp("bloom") / "rows.parquet"
    file.write_bytes(
        encode(rows_of(TELEMETRY, 300, device=[pseudonym(i % 9) for i in range(300)]), TELEMETRY)
    )

    def excluded(name: str) -> bool:
        probe = "select bloom_filter_excludes from parquet_bloom_probe(?, 'device', ?)"
        found = duckdb.execute(probe, [str(file), name]).fetchall()
        return all(group[0] for group in found)

    assert not any(excluded(pseudonym(i)) for i in range(9))
    assert sum(excluded(pseudonym(i)) for i in range(100, 200)) > 90


@given(st.integers(0, 2**31), st.integers(1, 255))
@settings(deadline=None)
def test_changed_pages_are_an_error_and_never_other_rows(place: int, change: int) -> None:
    rows = rows_of(MAP_TILES, 40)
    data = bytearray(encode(rows, MAP_TILES))
    footer = int.from_bytes(data[-8:-4], "little") + 8
    data[place % (len(data) - footer)] ^= change
    try:
        found = decode(bytes(data))
    except IntegrityError:
        return
    assert found.equals(in_order(rows, MAP_TILES))


def test_other_columns_than_the_tables_are_refused() -> None:
    rows = rows_of(TELEMETRY, 3)
    with pytest.raises(ValueError, match="columns"):
        encode(rows.append_column("serial", pa.array(["a"] * 3)), TELEMETRY)
    with pytest.raises(ValueError, match="no rows"):
        encode(rows.slice(0, 0), TELEMETRY)


@EVERY_TABLE
def test_what_the_log_is_told_encloses_the_rows_and_names_no_pseudonym(table: Table) -> None:
    rows = rows_of(table, 100)
    data = encode(rows, table)
    file = describe(rows, data, path_of(1), NOW)
    assert (file.rows, file.size) == (100, len(data))
    assert file.bounds == bounds(rows)
    assert not file.bounds.keys() & {*columns_with(table.schema, Privacy.PSEUDONYM, Privacy.MAP)}
    assert file.bounds["offset"] == (0, 99)


def test_bytes_that_are_no_file_are_an_error() -> None:
    data = encode(rows_of(TELEMETRY, 30), TELEMETRY)
    for broken in (b"", b"PAR1", data[:-1], data[: len(data) // 2]):
        with pytest.raises(IntegrityError):
            decode(broken)
