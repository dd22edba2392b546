import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from jobs.bench.peers.plain_loop import encode, parse, pseudonyms
from jobs.bench.workload.readings import readings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = bytes(32)


def test_one_broken_record_does_not_cost_its_neighbours() -> None:
    values = [value for _, value in readings(3_000, NOW)]
    whole = [value for value in values if value.endswith(b"}")]
    assert len(whole) < len(values)
    assert parse(values).equals(parse(whole))


def test_a_file_holds_one_date_and_all_files_every_row() -> None:
    rows = parse([value for _, value in readings(3_000, NOW)])
    files = encode(rows, SECRET, 3)
    dates = [key.split("/")[1] for key, _ in files]
    assert len(set(dates)) == len(dates) > 3
    tables = [pq.read_table(io.BytesIO(data)) for _, data in files]
    assert sum(table.num_rows for table in tables) == rows.num_rows
    for date, table in zip(dates, tables, strict=True):
        days = table["event_time"].cast(pa.date32()).unique().to_pylist()
        assert [f"date={day}" for day in days] == [date]


def test_no_file_holds_an_identifier() -> None:
    rows = parse([value for _, value in readings(500, NOW)])
    clear = set(rows["device"].to_pylist()) | set(rows["session"].to_pylist())
    for _, data in encode(rows, SECRET, 3):
        table = pq.read_table(io.BytesIO(data))
        assert clear.isdisjoint(table["device"].to_pylist() + table["session"].to_pylist())


@given(st.lists(st.text(max_size=5) | st.none(), max_size=30))
def test_pseudonyms_are_equal_exactly_where_identifiers_are(identifiers: list[str | None]) -> None:
    found = pseudonyms(pa.array(identifiers, pa.string()), SECRET).to_pylist()
    pairs = set(zip(identifiers, found, strict=True))
    assert len(pairs) == len(set(identifiers)) == len(set(found))
