from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.compact.horizon import Horizon
from jobs.compact.plan import (
    FAN_IN,
    FILE_BYTES,
    INPUT_BYTES,
    MOST_REWRITES,
    Task,
    folder_of,
    is_done,
    plan,
)
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES, TELEMETRY, Table
from storage.layout import DataPath
from storage.log import DataFile

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
LATE = timedelta(days=9)


def file_of(begin: datetime, *, size: int = 1000, rewrites: int = 0) -> DataFile:
    """A file of the folder that begins then."""
    path = DataPath(begin.date(), begin + FORTNIGHT, uuid4())
    return DataFile(path.compacted(rewrites) if rewrites else path, size, 10, begin)


def horizon(passed: datetime) -> Horizon:
    return Horizon(passed, passed, LATE)


def planned(files: Iterable[DataFile], passed: datetime, *, tiers: bool = False) -> list[Task]:
    return plan(files, horizon(passed), tiers=tiers)


def test_an_hour_is_compacted_when_every_partition_has_passed_it_by_two() -> None:
    files = [file_of(NOON) for _ in range(3)]
    assert planned(files, NOON + 3 * HOUR - timedelta(microseconds=1)) == []
    (task,) = planned(files, NOON + 3 * HOUR)
    assert len(task.files) == len(files)
    assert task.rewrites == 1


def test_a_single_file_is_rewritten_only_for_its_tier() -> None:
    hot, packed = file_of(NOON), file_of(NOON + HOUR, rewrites=1)
    assert planned([hot, packed], NOON + DAY) == []
    (task,) = planned([hot, packed], NOON + DAY, tiers=True)
    assert task.files == (hot,)


def test_late_rows_wait_until_there_are_files_enough() -> None:
    files = [file_of(MIDNIGHT) for _ in range(FAN_IN)]
    assert planned(files[1:], MIDNIGHT + 2 * DAY) == []
    (task,) = planned(files, MIDNIGHT + 2 * DAY)
    assert len(task.files) == FAN_IN
    older = [file_of(MIDNIGHT, rewrites=1) for _ in range(FAN_IN - 1)]
    (task,) = planned(files + older, MIDNIGHT + 2 * DAY)
    assert {file.path for file in task.files} == {file.path for file in files}


def test_the_files_of_a_date_become_one_once_nothing_can_come_late() -> None:
    files = [file_of(MIDNIGHT, rewrites=i) for i in range(MOST_REWRITES)]
    assert planned(files, MIDNIGHT + DAY + LATE - HOUR) == []
    (task,) = planned(files, MIDNIGHT + DAY + LATE)
    assert task.rewrites == MOST_REWRITES


def test_large_files_and_those_rewritten_often_enough_are_left_alone() -> None:
    large = file_of(NOON, size=FILE_BYTES, rewrites=1)
    often = file_of(NOON, rewrites=MOST_REWRITES)
    hot = file_of(NOON, size=FILE_BYTES)
    assert planned([large, often], NOON + DAY, tiers=True) == []
    (task,) = planned([large, often, hot], NOON + DAY, tiers=True)
    assert task.files == (hot,)


def test_what_expires_soon_is_left_alone() -> None:
    files = [file_of(NOON) for _ in range(3)]
    assert planned(files, NOON + FORTNIGHT - HOUR) == []
    assert planned(files, NOON + FORTNIGHT - 2 * HOUR)


def test_one_commit_holds_no_more_than_memory_does() -> None:
    files = [file_of(NOON, size=INPUT_BYTES // 3) for _ in range(7)]
    tasks = planned(files, NOON + DAY)
    assert [len(task.files) for task in tasks] == [3, 3]
    assert all(task.size <= INPUT_BYTES for task in tasks)
    (alone,) = planned([file_of(NOON, size=INPUT_BYTES * 2)], NOON + DAY, tiers=True)
    assert len(alone.files) == 1


STEPS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 40 * 2**20), st.booleans()), max_size=40
)


@given(STEPS, st.sampled_from([NOON, MIDNIGHT]), st.sampled_from([TELEMETRY, MAP_TILES]))
@settings(deadline=None)
def test_no_row_is_rewritten_more_than_three_times_and_no_file_is_planned_twice(
    steps: list[tuple[int, int, bool]], begin: datetime, table: Table
) -> None:
    live: list[DataFile] = []
    times: dict[DataPath, int] = {}
    for files, size, closed in steps:
        new = [file_of(begin, size=size) for _ in range(files)]
        live += new
        times |= {file.path: 0 for file in new}
        tasks = planned(live, begin + (11 * DAY if closed else DAY), tiers=table is MAP_TILES)
        often = Counter(file.path for task in tasks for file in task.files)
        assert not often or max(often.values()) == 1
        for task in tasks:
            assert len({folder_of(file) for file in task.files}) == 1
            assert not any(map(is_done, task.files))
            result = replace(task.files[0], path=task.place.compacted(task.rewrites))
            result = replace(result, size=task.size // 2, rows=task.rows)
            times[result.path] = 1 + max(times[file.path] for file in task.files)
            assert times[result.path] == result.path.rewrites <= MOST_REWRITES
            live = [file for file in live if file not in task.files] + [result]
    assert sum(file.rows for file in live) == 10 * sum(files for files, _, _ in steps)


def test_a_fortnight_of_flushes_leaves_few_files() -> None:
    live: list[DataFile] = []
    for _ in range(9 * 24 * 60 // 10):
        live += [file_of(MIDNIGHT) for _ in range(10)]
        for task in planned(live, MIDNIGHT + DAY):
            result = replace(task.files[0], path=task.place.compacted(task.rewrites))
            gone = {file.path for file in task.files}
            live = [file for file in live if file.path not in gone] + [result]
    assert len(live) < 100
