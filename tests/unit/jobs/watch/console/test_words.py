from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.watch.console.words import clock, counted, duration, number, size


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3, "0 s"),
        (0, "0 s"),
        (0.012, "12 ms"),
        (2.5, "2.5 s"),
        (42.9, "42 s"),
        (100, "1 min 40 s"),
        (299, "4 min 59 s"),
        (300, "5 min"),
        (3_600, "1 h"),
        (338_400, "3 d 22 h"),
        (86_400 + 59, "1 d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert duration(timedelta(seconds=seconds)) == told


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100)))
def test_a_duration_is_short_to_read_and_never_more_than_it_was(value: timedelta) -> None:
    units = {"d": 86_400.0, "h": 3_600.0, "min": 60.0, "s": 1.0, "ms": 0.001}
    words = duration(value).split()
    told = sum(float(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    assert len(words) in (2, 4)
    assert told <= value.total_seconds() + 0.051


def test_numbers_are_told_as_people_write_them() -> None:
    assert [number(31_204), number(1.62), number(7.0), number(0)] == ["31,204", "1.6", "7", "0"]
    assert [size(812), size(61_400_000)] == ["812 B", "61.4 MB"]
    assert [counted(1, "entry", "entries"), counted(2, "problem")] == ["1 entry", "2 problems"]


def test_a_time_has_its_date_where_it_is_not_todays() -> None:
    then = datetime(2026, 11, 2, 3, 13, tzinfo=UTC)
    assert clock(then, then + timedelta(hours=2)) == clock(then) == "03:13:00 UTC"
    assert clock(then, then + timedelta(days=1)) == "2 Nov 03:13 UTC"
