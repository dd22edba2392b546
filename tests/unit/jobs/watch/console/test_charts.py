from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.watch.console.charts import Point, draw

BEGAN = datetime(2026, 11, 25, tzinfo=UTC)
SECONDS = st.floats(0, 2_000_000) | st.none()


def chart(values: list[float | None]) -> tuple[list[Point], datetime]:
    points = [Point(BEGAN + timedelta(seconds=i), value) for i, value in enumerate(values)]
    return points, BEGAN + timedelta(seconds=len(values))


@given(st.integers(1, 3_000), st.integers(0, 2_999))
def test_no_spike_is_lost_however_many_points_there_are(n: int, place: int) -> None:
    values: list[float | None] = [1.0] * n
    values[place % n] = 300.0
    points, until = chart(values)
    assert max(v for _, _, _, v in draw(points, since=BEGAN, until=until).points) == 300.0


@given(st.lists(SECONDS, min_size=1, max_size=900))
def test_the_highest_value_is_drawn_however_many_there_are(values: list[float | None]) -> None:
    points, until = chart(values)
    drawn = draw(points, since=BEGAN, until=until)
    known = [value for value in values if value is not None]
    assert max((v for _, _, _, v in drawn.points), default=None) == max(known, default=None)
    assert len(drawn.points) <= 240
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y, _, _ in drawn.points)


def test_what_is_not_known_is_a_gap_and_what_is_too_old_is_left_out() -> None:
    points, until = chart([9.0, 1.0, None, 2.0])
    drawn = draw(points, since=BEGAN + timedelta(seconds=1), until=until)
    assert drawn.line.count("M") == 2
    assert [value for _, _, _, value in drawn.points] == [1.0, 2.0]
    assert drawn.top == 10


def test_the_upper_edge_is_a_round_time() -> None:
    tops = []
    for highest in (0.0, 11.0, 240.0, 4_000.0, 400_000.0):
        points, until = chart([highest])
        tops.append(draw(points, since=BEGAN, until=until).top)
    assert tops == [10, 30, 300, 7_200, 604_800]
