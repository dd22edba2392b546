from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from jobs.watch.verdict import Sample, Verdict, judge, summed

START = datetime(2026, 11, 21, tzinfo=UTC)
PATIENCE = timedelta(seconds=30)
EVERY = timedelta(seconds=5)
LONG = timedelta(hours=1)


def sample(turn: int, at: int, lag: int, **given: object) -> Sample:
    """As it was seen at a turn, 5 s each: standing at an offset, with so many behind it."""
    time = START + turn * EVERY
    seen: dict[str, object] = {
        "begin": 0,
        "group_offset": at,
        "lag_time": LONG if lag else timedelta(0),
        "progress": time,
    }
    return Sample(time=time, next_offset=at, lag=lag, **{**seen, **given})  # type: ignore[arg-type]


def moving(ats: Sequence[int], lags: Sequence[int], **given: object) -> list[Sample]:
    pairs = zip(ats, lags, strict=True)
    return [sample(turn, at, lag, **given) for turn, (at, lag) in enumerate(pairs)]


@given(st.lists(st.integers(0, 9), min_size=1), st.integers(0, 100))
def test_whoever_is_caught_up_is_ok_however_long_nothing_came(steps: list[int], turns: int) -> None:
    ats = [sum(steps[:n]) for n in range(1, len(steps) + 1)] + [sum(steps)] * turns
    assert judge(moving(ats, [0] * len(ats)), PATIENCE) is Verdict.OK


@given(st.integers(1, 1000))
def test_one_record_after_idle_hours_is_no_stop(turns: int) -> None:
    idle = [sample(turn, 7, 0, progress=START) for turn in range(turns)]
    waits = sample(turns, 7, 1, lag_time=timedelta(seconds=1), progress=START)
    assert judge([*idle, waits], PATIENCE) is Verdict.OK


def test_what_only_markers_of_transactions_wait_for_is_ok() -> None:
    seen = moving([7] * 50, [0] * 50, progress=START)
    assert judge(seen, PATIENCE) is Verdict.OK


def test_one_that_stands_while_its_owner_makes_nothing_durable_has_stopped() -> None:
    seen = moving([7] * 10, range(10, 20), progress=START)
    assert judge(seen, PATIENCE) is Verdict.STOP


def test_one_that_nobody_owns_has_stopped() -> None:
    assert judge(moving([7] * 10, [5] * 10, progress=None), PATIENCE) is Verdict.STOP


def test_one_that_stands_while_its_owner_moves_others_has_stalled() -> None:
    assert judge(moving([7] * 10, [5] * 10), PATIENCE) is Verdict.STALL


def test_one_that_moves_and_falls_behind_all_the_same_is_slow() -> None:
    assert judge(moving(range(10), range(5, 15)), PATIENCE) is Verdict.WARN


def test_one_that_catches_up_is_ok_however_much_waits() -> None:
    assert judge(moving(range(10), range(15, 5, -1)), PATIENCE) is Verdict.OK


def test_one_that_is_looked_at_seldom_is_judged_by_the_look_before() -> None:
    seldom = [sample(24 * turn, 7, 5, progress=None) for turn in range(3)]
    assert judge(seldom, PATIENCE) is Verdict.STOP
    moves = [sample(24 * turn, turn, 5 + turn) for turn in range(3)]
    assert judge(moves, PATIENCE) is Verdict.WARN
    catches_up = [sample(24 * turn, turn, 5 - turn) for turn in range(3)]
    assert judge(catches_up, PATIENCE) is Verdict.OK


def test_what_retention_took_before_it_was_durable_is_an_error_though_nothing_waits() -> None:
    seen = [sample(turn, 7, 0, begin=9) for turn in range(10)]
    assert judge(seen, PATIENCE) is Verdict.ERR


def test_a_watch_that_just_began_warns_of_an_old_record_and_claims_no_more() -> None:
    assert judge([sample(0, 7, 5, progress=START - LONG)], PATIENCE) is Verdict.WARN


@given(st.integers(1, 50), st.integers(1, 50))
def test_an_offset_that_went_back_is_a_rewind_whatever_else(at: int, back: int) -> None:
    low = max(0, at - back)
    for after in (sample(1, at, 0, group_offset=low), sample(1, low, 9)):
        assert judge([sample(0, at, 0), after], PATIENCE) is Verdict.REWIND


seen_lists = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 90), st.booleans()),
    min_size=1,
    max_size=30,
)


@given(seen_lists)
def test_what_waits_no_longer_than_it_may_is_no_stop_and_no_stall(
    seen: list[tuple[int, int, int, bool]],
) -> None:
    samples = [
        sample(turn, at, lag, lag_time=timedelta(seconds=age), progress=START if well else None)
        for turn, (at, lag, age, well) in enumerate(seen)
    ]
    verdict = judge(samples, PATIENCE)
    if verdict in {Verdict.STOP, Verdict.STALL, Verdict.WARN}:
        window = [one for one in samples if samples[-1].time - one.time <= PATIENCE]
        assert samples[-1].lag_time > PATIENCE
        assert all(one.lag for one in window)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=9, max_size=20),
    st.lists(st.integers(0, 20), max_size=20),
)
def test_what_lies_before_the_window_does_not_matter_once_it_is_full(
    seen: list[tuple[int, int]], before: list[int]
) -> None:
    samples = [sample(20 + turn, at, lag) for turn, (at, lag) in enumerate(seen)]
    older = [sample(turn, at, 3) for turn, at in enumerate(before)]
    assert judge([*older, *samples], PATIENCE) is judge(samples, PATIENCE)


@given(st.lists(st.sampled_from(Verdict)))
def test_a_group_is_as_bad_as_its_worst_partition_in_burrows_words(seen: list[Verdict]) -> None:
    found = summed(seen)
    assert found <= Verdict.ERR
    assert (found is Verdict.OK) == all(one is Verdict.OK for one in seen)
