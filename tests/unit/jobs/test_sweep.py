from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lake import Waking, Writer, age, age_log, empty
from support.rows import NOW, path_of

from jobs.sweep import GRACE, Named, Removal, clock_of, look, plan, sweep
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath
from storage.store import ObjectInfo

AGE = timedelta(hours=24)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LATER = NOW + 5 * HOUR

moments = st.datetimes(datetime(2026, 11, 19), datetime(2026, 11, 21, 14, 30)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=NOW.tzinfo)
)
fates = st.tuples(
    moments,
    st.timedeltas(-2 * HOUR, 2 * HOUR),
    st.sampled_from(["live", "orphan", "compact", "erase", "expire"]),
    moments,
)


@given(st.lists(fates, max_size=8))
def test_never_a_live_file_goes_nor_one_that_may_still_be_needed(
    files: list[tuple[datetime, timedelta, str, datetime]],
) -> None:
    objects, live, removed, expected = {}, set(), {}, set()
    for number, (modified, end, fate, time) in enumerate(files):
        path = path_of(number, expires=NOW + end)
        objects[path] = ObjectInfo(str(path), 1, modified)
        if fate == "live":
            live.add(path)
            continue
        if fate != "orphan":
            removed[path] = Removal(fate, time)
        if (
            path.expires <= NOW
            or fate in {"erase", "expire"}
            or (fate == "compact" and time <= NOW - GRACE)
            or (fate == "orphan" and modified <= NOW - AGE)
        ):
            expected.add(path)
    found = plan(objects, Named(live, removed), age=AGE, now=NOW)
    assert {orphan.path for orphan in found} == expected


def left(destination: Destination) -> set[DataPath]:
    keys = destination.store.list("telemetry/date=")
    return {DataPath.parse(info.key.removeprefix("telemetry/")) for info in keys}


def test_an_orphan_stays_a_day_and_a_committed_file_stays(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    live, old, young = (writer.put(NOW + 99 * HOUR) for _ in range(3))
    writer.commit(live)
    age(destination, live.path, NOW - 2 * AGE)
    age(destination, old.path, NOW - AGE)
    age(destination, young.path, NOW - AGE + MINUTE)
    swept = sweep(destination, age=AGE, now=NOW)
    assert [(one.path, one.why) for one in swept] == [(old.path, "no log entry names it")]
    assert left(destination) == {live.path, young.path}
    assert sweep(destination, age=AGE, now=NOW) == []


def test_an_orphan_goes_at_once_when_its_hour_has_come(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    orphan = Writer(destination).put(NOW)
    age(destination, orphan.path, NOW - MINUTE)
    assert [one.why for one in sweep(destination, age=AGE, now=NOW)] == ["its hour has come"]


@pytest.mark.parametrize(
    ("reason", "minutes", "goes"),
    [("compact", 9, False), ("compact", 10, True), ("erase", 0, True)],
)
def test_what_a_rewrite_took_away_stays_while_queries_may_read_it(
    tmp_path: Path, reason: str, minutes: int, *, goes: bool
) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    before, after = writer.put(LATER), writer.put(LATER)
    writer.commit(before)
    age(destination, before.path, NOW - 3 * AGE)
    destination.replace([before], [after], reason=reason, now=NOW)
    age_log(destination, NOW - minutes * MINUTE)
    assert [one.path for one in look(destination, age=AGE, now=NOW)] == [before.path] * goes


def test_a_file_committed_after_the_listing_is_none_of_the_sweeper_s_business(
    tmp_path: Path,
) -> None:
    class Slow(DirectoryStore):
        """Lets a worker wake up between the listing and the reading of the log."""

        def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
            found = list(super().list_versions(prefix))
            writer.commit(orphan)
            return iter(found)

    writer = Writer(empty(tmp_path))
    orphan = writer.put(LATER)
    age(writer.destination, orphan.path, NOW - 2 * AGE)
    assert sweep(empty(Slow(tmp_path)), age=AGE, now=NOW) == []
    assert left(writer.destination) == {orphan.path}


def test_nor_is_one_committed_while_the_log_is_read(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    orphan = writer.put(LATER)
    age(writer.destination, orphan.path, NOW - 2 * AGE)
    assert sweep(Waking.beside(writer, orphan), age=AGE, now=NOW) == []
    assert left(writer.destination) == {orphan.path}


def test_the_store_tells_its_time_and_nothing_is_left_of_the_question(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    before, after = clock_of(store), clock_of(store)
    assert timedelta(0) <= after - before < MINUTE
    assert list(store.list()) == []
