from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rows import NOW, path_of

from storage.directory import DirectoryStore
from storage.log import (
    BOUNDED,
    DataFile,
    LogEntry,
    entry_key,
    news,
    read_entries,
    read_versions,
)

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2300, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
PAIRS = st.one_of(
    st.lists(TIMES, min_size=2, max_size=2).map(sorted),
    st.lists(st.integers(-(2**62), 2**62), min_size=2, max_size=2).map(sorted),
).map(tuple)
BOUNDS = st.dictionaries(st.sampled_from(BOUNDED), PAIRS)
SLACK = timedelta(milliseconds=1)


def entry(file: DataFile, version: int = 3, **metadata: object) -> LogEntry:
    add = {
        "path": str(file.path),
        "size": file.size,
        "modificationTime": round(file.modified.timestamp() * 1000),
        "stats": file.statistics,
    }
    lines = [{"commitInfo": {"timestamp": 1795598784376, **metadata}}, {"add": add}]
    return LogEntry.parse(version, b"\n".join(map(msgspec.json.encode, lines)))


@given(BOUNDS, st.integers(0, 2**40))
def test_bounds_in_the_log_enclose_what_was_told(
    bounds: dict[str, tuple[datetime, datetime] | tuple[int, int]], rows: int
) -> None:
    (found,) = entry(DataFile(path_of(1), 5, rows, NOW, bounds)).added
    assert (found.path, found.size, found.rows, found.modified) == (path_of(1), 5, rows, NOW)
    assert found.bounds.keys() == bounds.keys()
    for name, (least, most) in bounds.items():
        low, high = found.bounds[name]
        if isinstance(least, datetime) and isinstance(low, datetime):
            assert least - SLACK < low <= least
        else:
            assert low == least
        if isinstance(most, datetime) and isinstance(high, datetime):
            assert most <= high < most + SLACK
        else:
            assert high == most


def test_an_entry_says_who_wrote_what_and_why() -> None:
    found = entry(DataFile(path_of(1), 5, 1, NOW), 7, reason="erase")
    assert (found.version, found.reason, found.receipt) == (7, "erase", None)
    assert found.time == datetime(2026, 11, 25, 9, 26, 24, 376000, tzinfo=UTC)


@pytest.mark.parametrize("text", [b"{", b'{"add":{"path":"elsewhere/a.parquet","size":1}}'])
def test_what_is_no_entry_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"path|truncated|malformed"):
        LogEntry.parse(0, text)


def line(app: str, offset: int) -> bytes:
    return msgspec.json.encode({"txn": {"appId": app, "version": offset}})


@given(st.sets(st.integers(0, 30), min_size=1), st.integers(-1, 30))
@settings(deadline=None, max_examples=50)
def test_entries_come_in_order_and_only_the_newest_run_without_gap(
    tmp_path_factory: pytest.TempPathFactory, versions: set[int], after: int
) -> None:
    store = DirectoryStore(tmp_path_factory.mktemp("log"))
    for version in versions:
        store.put(entry_key("t", version), line("a", version))
    store.put("t/_delta_log/_last_checkpoint", b"{}")
    store.put("t/_delta_log/00000000000000000009.checkpoint.parquet", b"")
    newest = max(versions)
    run = [v for v in range(newest + 1) if {*range(v, newest + 1)} <= versions]
    assert [one.version for one in read_entries(store, "t", after)] == [v for v in run if v > after]


def test_a_table_without_a_log_has_no_entries(tmp_path: Path) -> None:
    assert list(read_entries(DirectoryStore(tmp_path), "t")) == []


def test_the_newest_entry_says_how_far_a_partition_is(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    for version, text in enumerate([line("a", 1) + b"\n" + line("b", 2), line("a", 5), b"{}"]):
        store.put(entry_key("t", version), text)
    assert read_versions(store, "t", 0, 2) == {"a": 5, "b": 2}
    assert read_versions(store, "t", 1, 2) == {"a": 5}
    with pytest.raises(KeyError):
        read_versions(store, "t", 2, 3)


def test_news_are_what_came_behind_a_version_up_to_the_first_that_is_not_there(
    tmp_path: Path,
) -> None:
    store = DirectoryStore(tmp_path)
    for version in (0, 1, 2, 4):
        store.put(entry_key("t", version), line("a", version))
    found = {after: [one.version for one in news(store, "t", after)] for after in range(-1, 5)}
    assert found == {-1: [0, 1, 2], 0: [1, 2], 1: [2], 2: [], 3: [4], 4: []}
