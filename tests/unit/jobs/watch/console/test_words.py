from datetime import UTC, datetime, timedelta

from jobs.watch.console.words import clock, number, size


def test_numbers_are_told_as_people_write_them() -> None:
    assert [number(31_204), number(1.62), number(7.0), number(0)] == ["31,204", "1.6", "7", "0"]
    assert [size(812), size(61_400_000)] == ["812 B", "61.4 MB"]


def test_a_time_has_its_date_where_it_is_not_todays() -> None:
    then = datetime(2026, 11, 2, 3, 13, tzinfo=UTC)
    assert clock(then, then + timedelta(hours=2)) == clock(then) == "03:13:00 UTC"
    assert clock(then, then + timedelta(days=1)) == "2 Nov 03:13 UTC"
