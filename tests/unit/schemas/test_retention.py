from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.retention import (
    FORTNIGHT,
    SANE_SINCE,
    Lifetimes,
    format_hour,
    lifetimes,
    microseconds,
    moment,
    parse_hour,
)

LATE = timedelta(days=9)
INGEST = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
ingests = st.integers(microseconds(INGEST), microseconds(INGEST + timedelta(days=400)))
ages = st.integers(-(10**14), 10**14)


def judge(event: int, ingest: int, first: int | None = None) -> Lifetimes:
    replayed = ingest if first is None else first
    return lifetimes(np.array([event]), np.array([ingest]), np.array([replayed]), LATE)


@given(ingests, ages)
def test_no_row_outlives_its_fortnight(ingest: int, age: int) -> None:
    row = judge(ingest - age, ingest)
    start = min(int(row.event_times[0]), ingest)
    assert int(row.expires[0]) <= start + microseconds(FORTNIGHT)


@given(ingests, ages)
def test_no_row_is_dropped_more_than_a_day_and_an_hour_early(ingest: int, age: int) -> None:
    row = judge(ingest - age, ingest)
    start = min(int(row.event_times[0]), ingest)
    early = start + microseconds(FORTNIGHT) - int(row.expires[0])
    fresh = start >= ingest - microseconds(timedelta(hours=2))
    assert early < microseconds(timedelta(hours=1) if fresh else timedelta(hours=24))


@given(ingests, ages)
def test_what_is_stored_has_at_least_a_day_to_live(ingest: int, age: int) -> None:
    row = judge(ingest - age, ingest)
    if not row.on_arrival[0]:
        assert int(row.expires[0]) - ingest >= microseconds(timedelta(hours=23))


@given(ingests, ages, st.integers(0, 10**12))
def test_a_replayed_record_never_lives_longer(ingest: int, age: int, waited: int) -> None:
    once = judge(ingest - age, ingest - waited)
    again = judge(ingest - age, ingest, ingest - waited)
    assert again.on_arrival[0] or again.expires[0] <= once.expires[0] + microseconds(
        timedelta(hours=24)
    )
    assert again.on_arrival[0] or again.expires[0] <= ingest - waited + microseconds(FORTNIGHT)


def test_an_insane_clock_is_flagged_and_the_brokers_is_used() -> None:
    ingest = microseconds(INGEST)
    for clock in (0, microseconds(SANE_SINCE) - 1, ingest + 301 * 10**6, 2**62):
        row = judge(clock, ingest)
        assert not row.believed[0]
        assert row.event_times[0] == ingest
        assert not row.on_arrival[0]


def test_a_clock_five_minutes_ahead_is_believed() -> None:
    ingest = microseconds(INGEST)
    row = judge(ingest + 300 * 10**6, ingest)
    assert row.believed[0]
    assert row.expires[0] == microseconds(datetime(2026, 12, 5, 14, tzinfo=UTC))


def test_what_is_older_than_the_late_window_expired_on_arrival() -> None:
    ingest = microseconds(INGEST)
    assert judge(ingest - microseconds(LATE) - 1, ingest).on_arrival[0]
    assert not judge(ingest - microseconds(LATE), ingest).on_arrival[0]


def test_late_rows_are_grouped_by_date_and_fresh_ones_by_hour() -> None:
    ingest = microseconds(INGEST)
    late = judge(microseconds(datetime(2026, 11, 18, 7, 15, tzinfo=UTC)), ingest)
    fresh = judge(microseconds(datetime(2026, 11, 21, 13, 15, tzinfo=UTC)), ingest)
    assert format_hour(moment(int(late.expires[0]))) == "2026-12-02T00"
    assert format_hour(moment(int(fresh.expires[0]))) == "2026-12-05T13"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive
def test_an_hour_reads_back(naive: datetime) -> None:
    hour = naive.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
    assert parse_hour(format_hour(hour)) == hour
