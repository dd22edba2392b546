from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.layout import DataPath, object_key, parse_object_key

HOUR = timedelta(hours=1)
HOURS = st.integers(0, 10_000_000).map(lambda n: datetime(2000, 1, 1, tzinfo=UTC) + n * HOUR)
PATHS = st.builds(DataPath, st.dates(), HOURS, st.uuids())
TABLES = st.from_regex(r"[a-z_]+", fullmatch=True)


@given(TABLES, PATHS)
def test_a_path_is_read_back_as_it_was_written(table: str, path: DataPath) -> None:
    assert DataPath.parse(str(path)) == path
    assert parse_object_key(object_key(table, path)) == (table, path)


def test_a_path_looks_as_the_design_says() -> None:
    text = "date=2026-11-21/expires=2026-12-05T14/0123456789abcdef0123456789abcdef.parquet"
    path = DataPath.parse(text)
    assert path.partition == {"date": "2026-11-21", "expires": "2026-12-05T14"}
    assert path.expires == datetime(2026, 12, 5, 14, tzinfo=UTC)
    assert str(path) == text


@pytest.mark.parametrize(
    "path",
    [
        "",
        "_delta_log/00000000000000000001.json",
        "date=2026-11-21/expires=2026-12-05/0123456789abcdef0123456789abcdef.parquet",
        "date=2026-13-21/expires=2026-12-05T14/0123456789abcdef0123456789abcdef.parquet",
        "date=2026-11-21/expires=2026-12-05T24/0123456789abcdef0123456789abcdef.parquet",
        "date=2026-11-21/expires=2026-12-05T14/0123456789ABCDEF0123456789ABCDEF.parquet",
        "date=2026-11-21/expires=2026-12-05T14/0123456789abcdef0123456789abcdef.parquet ",
        "/date=2026-11-21/expires=2026-12-05T14/0123456789abcdef0123456789abcdef.parquet",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|month|hour|unconverted|data"):
        DataPath.parse(path)


@given(PATHS, st.integers(1, 255))
def test_a_name_says_how_often_its_rows_were_compacted(path: DataPath, times: int) -> None:
    new = path.compacted(times)
    assert DataPath.parse(str(new)).rewrites == times
    assert new.partition == path.partition
    assert new != path.compacted(times)


def test_what_the_sink_wrote_was_never_compacted() -> None:
    path = DataPath(date(2026, 11, 21), datetime(2026, 12, 5, tzinfo=UTC), uuid4())
    assert path.rewrites == 0
    for times in (0, 256, -1):
        with pytest.raises(ValueError, match="times"):
            path.compacted(times)
