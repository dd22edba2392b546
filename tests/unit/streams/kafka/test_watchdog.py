from datetime import timedelta

import pytest

from streams.kafka.watchdog import TEMPORARY_FAILURE, Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_worker_that_is_well_lives_for_ever(clock: Clock) -> None:
    ended: list[int] = []
    watchdog = Watchdog(timedelta(seconds=60), now=clock, end=ended.append)
    for _ in range(100):
        clock.now += 59
        assert not watchdog.look()
        watchdog.well()
    assert ended == []


def test_a_worker_that_is_not_well_for_too_long_is_ended(clock: Clock) -> None:
    ended: list[int] = []
    watchdog = Watchdog(timedelta(seconds=60), now=clock, end=ended.append)
    clock.now += 60
    assert watchdog.look()
    assert ended == [TEMPORARY_FAILURE]


def test_a_worker_that_does_not_stop_in_time_is_ended_however_well_it_is(clock: Clock) -> None:
    ended: list[int] = []
    watchdog = Watchdog(timedelta(seconds=60), now=clock, end=ended.append)
    watchdog.end_within(timedelta(seconds=30), 70)
    clock.now += 29
    watchdog.well()
    assert not watchdog.look()
    clock.now += 1
    assert watchdog.look()
    assert ended == [70]
