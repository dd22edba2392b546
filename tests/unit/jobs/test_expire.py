from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.lake import Waking, Writer, age_log, empty
from support.rows import NOW, path_of

from jobs.expire import PERIOD, REASON, expire, look, plan
from schemas.policies import Policies
from schemas.policies.keeping import Retention
from schemas.retention import FORTNIGHT, lifetimes, microseconds, moment
from storage.lake import Destination
from storage.layout import DataPath
from storage.log import DataFile

HOUR = timedelta(hours=1)
LATE_WINDOW = timedelta(days=9)
MICROSECOND = timedelta(microseconds=1)

ages = st.timedeltas(-timedelta(minutes=10), LATE_WINDOW)
ingests = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001 - below
    lambda at: at.replace(tzinfo=NOW.tzinfo)
)


def paths_of(destination: Destination) -> list[DataPath]:
    return [file.path for file in destination.live()]


RETENTIONS = [one for policy in Policies.shipped().all for one in policy.of_kind(Retention)]
"""What makers promised."""


def runs_until_dropped(expires: datetime, first_run: datetime) -> datetime:
    """When the run is that drops a file, of runs every 15 minutes."""
    file = DataFile(path_of(1, expires=expires), 1, 1, first_run)
    waits = max(0, (expires - PERIOD - first_run) // PERIOD - 1)
    run = first_run + waits * PERIOD
    while not plan([file], [], run).drop:
        run += PERIOD
    return run


@given(ingests, ages, st.timedeltas(timedelta(0), LATE_WINDOW), st.timedeltas(MICROSECOND, PERIOD))
def test_no_row_is_held_longer_than_a_fortnight_and_none_is_dropped_much_earlier(
    ingest: datetime, age: timedelta, replayed: timedelta, phase: timedelta
) -> None:
    event, first_ingest = ingest - age, ingest - replayed
    times = [np.array([microseconds(one)]) for one in (event, ingest, first_ingest)]
    clocks = lifetimes(times[0], times[1], times[2], LATE_WINDOW)
    if clocks.on_arrival[0]:
        return
    start = min(moment(int(clocks.event_times[0])), ingest, first_ingest)
    dropped = runs_until_dropped(moment(int(clocks.expires[0])), ingest + phase)
    held = dropped - start
    came_late = ingest - start > timedelta(hours=2)
    early = timedelta(hours=25) if came_late else timedelta(minutes=75)
    assert FORTNIGHT - early <= held <= FORTNIGHT
    for promised in RETENTIONS:
        assert promised.at_least - promised.early <= held <= promised.at_most


@given(st.lists(st.timedeltas(-2 * HOUR, 2 * HOUR), max_size=8), st.data())
def test_what_is_due_is_dropped_and_deleted_and_nothing_else(
    ends: list[timedelta], data: st.DataObject
) -> None:
    paths = [path_of(number, expires=NOW + end) for number, end in enumerate(ends)]
    live = [
        DataFile(path, 1, 1, NOW) for path in paths if data.draw(st.booleans(), label="is live")
    ]
    decided = plan(live, paths, NOW)
    due = {path for path in paths if path.expires <= NOW + PERIOD}
    assert set(decided.delete) == due
    assert {file.path for file in decided.drop} == due & {file.path for file in live}
    assert set(decided.left_over) | {file.path for file in decided.drop} == due


def test_a_run_drops_in_one_commit_deletes_and_tells_of_the_oldest_row(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    due, kept = writer.put(NOW), writer.put(NOW + 3 * HOUR)
    writer.commit(due, kept)
    before = destination.version()
    report = expire(destination, NOW)
    assert report.dropped == 1
    assert paths_of(destination) == [kept.path]
    assert [entry.reason for entry in destination.entries(before)] == [REASON]
    assert [info.size for info in destination.store.list("telemetry/date=")] == [kept.size]
    assert report.oldest is not None
    assert report.oldest.expires == kept.path.expires
    oldest = min(destination.dataset().to_table()["event_time"].to_pylist())
    assert timedelta(0) <= oldest - report.oldest.time < timedelta(milliseconds=1)
    assert not report.breaches(NOW)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    due, left = writer.put(NOW), writer.put(NOW)
    writer.commit(due)
    decided, inventory = look(destination, NOW)
    assert [file.path for file in decided.drop] == [due.path]
    assert decided.left_over == (left.path,)
    assert set(inventory.objects) == {due.path, left.path}
    assert paths_of(destination) == [due.path]


def test_what_was_never_committed_is_deleted_when_its_hour_comes(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    writer.put(NOW)
    young = writer.put(NOW + HOUR)
    assert expire(destination, NOW).dropped == 0
    assert list(look(destination, NOW)[1].objects) == [young.path]


def test_a_due_file_that_is_committed_meanwhile_stays_readable_until_the_next_run(
    tmp_path: Path,
) -> None:
    writer = Writer(empty(tmp_path))
    late = writer.put(NOW)
    expire(Waking.beside(writer, late), NOW)
    assert writer.destination.dataset().to_table().num_rows == 3
    assert expire(writer.destination, NOW).dropped == 1
    assert not look(writer.destination, NOW)[1].objects


def test_a_row_that_outlived_its_fortnight_breaks_the_promise(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    writer.commit(writer.put(NOW + FORTNIGHT + 2 * HOUR))
    in_time, late = NOW + FORTNIGHT, NOW + FORTNIGHT + HOUR * 3 / 4
    assert not expire(destination, in_time).breaches(in_time)
    assert "older than 14 days" in expire(destination, late).breaches(late)[0]


def test_an_object_whose_end_nobody_knows_is_told_of_and_left(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    destination.store.put("telemetry/date=2026-11-21/notes.txt", b"?")
    report = expire(destination, NOW)
    assert report.breaches(NOW) == [
        "telemetry/date=2026-11-21/notes.txt: nobody knows when it must be gone"
    ]


def test_the_log_is_kept_a_fortnight_and_the_positions_for_ever(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    for _ in range(25):
        writer.commit(writer.put(NOW + HOUR))
    positions = {"fleet.telemetry/AAAA/0": 74}
    age_log(destination, NOW - timedelta(days=13), keep=2)
    expire(destination, NOW)
    assert min(entry.version for entry in destination.entries()) == 0
    age_log(destination, NOW - timedelta(days=15), keep=2)
    expire(destination, NOW)
    assert min(entry.version for entry in destination.entries()) > 0
    again = empty(tmp_path)
    assert again.versions(positions) == positions
    assert paths_of(again) == sorted(file.path for file in writer.files)
