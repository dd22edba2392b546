from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rows import pseudonym, rows_of

from schemas.tables import TELEMETRY
from storage.bloom import BloomFilter, hashes
from storage.parquet import encode


def written(names: list[str]) -> bytes:
    return encode(rows_of(TELEMETRY, len(names), device=names), TELEMETRY)


def filter_of(data: bytes) -> BloomFilter:
    column = pq.ParquetFile(pa.BufferReader(data)).metadata.row_group(0).column(0)
    start, length = column.bloom_filter_offset, column.bloom_filter_length
    return BloomFilter.parse(data[start : start + length])


def test_it_says_what_another_reader_of_the_same_filter_says(tmp_path: Path) -> None:
    there = [pseudonym(i) for i in range(600)]
    asked = [pseudonym(i) for i in range(900)]
    data = written(there)
    (tmp_path / "file").write_bytes(data)
    query = "select bloom_filter_excludes from parquet_bloom_probe(?, 'device', ?)"
    excluded = [
        duckdb.execute(query, [str(tmp_path / "file"), name]).fetchall()[0][0]
        for name in asked[550:]
    ]
    may_have = filter_of(data).may_have(hashes(asked))
    assert may_have[:600].all()
    assert may_have[600:].sum() < 30
    assert (~may_have[550:]).tolist() == excluded


@given(st.lists(st.text(max_size=80), min_size=1, max_size=40, unique=True))
def test_what_was_written_may_be_there(names: list[str]) -> None:
    assert filter_of(written(names)).may_have(hashes(names)).all()


@pytest.mark.parametrize(
    "data", [b"", b"\x15", b"\x15\xff\xff\xff\xff\xff", b"PAR1" * 9, b"\x15\x40" + bytes(20)]
)
def test_what_is_no_filter_is_not_asked(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a Bloom filter"):
        BloomFilter.parse(data)
