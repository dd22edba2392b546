import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.wire import PARTITION

from schemas.errors import FatalError
from streams.sink.limits import RejectionLimit, RejectionState

LIMIT = RejectionLimit(ratio=0.5, run=100)


def check(state: RejectionState, first: int, bad: list[bool]) -> None:
    offsets = np.arange(first, first + len(bad))
    state.check(PARTITION, offsets, offsets[np.array(bad, bool)], LIMIT)


@given(st.lists(st.integers(1, 60), max_size=30))
def test_a_run_is_counted_across_flushes(sizes: list[int]) -> None:
    state, sent, stopped = RejectionState(), 0, False
    for size in sizes:
        try:
            check(state, sent, [True] * size)
        except FatalError:
            stopped = True
            break
        sent += size
    assert stopped == (sum(sizes) > LIMIT.run)


def test_scattered_rejections_below_the_share_never_stop() -> None:
    state = RejectionState()
    for flush in range(20):
        check(state, 1000 * flush, [n % 2 == 0 for n in range(1000)])


def test_more_than_the_share_stops_and_names_the_command_that_goes_on() -> None:
    says = f"dead-letters accept {PARTITION} --until 1999"
    with pytest.raises(FatalError, match=says):
        check(RejectionState(), 0, [n % 3 != 0 for n in range(2000)])


def test_few_records_say_nothing_of_a_share() -> None:
    check(RejectionState(), 0, [True] * 90)


def test_what_was_accepted_does_not_count() -> None:
    state = RejectionState(accepted=1999)
    check(state, 0, [True] * 2000)
    with pytest.raises(FatalError):
        check(state, 2000, [True] * 101)
