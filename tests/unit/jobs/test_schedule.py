import time
from datetime import timedelta

import pytest

from jobs.schedule import repeat
from schemas.errors import RetryableError, SettingsError, StoreUnavailableError

EVERY = timedelta(seconds=0.05)


def test_a_job_runs_at_a_fixed_pace_behind_failures_that_heal_and_ends_with_others() -> None:
    starts: list[float] = []
    failures: list[RetryableError] = []

    def job() -> None:
        starts.append(time.monotonic())
        time.sleep(0.02)
        if len(starts) == 2:
            raise StoreUnavailableError("away")
        if len(starts) == 4:
            raise SettingsError("wrong")

    with pytest.raises(SettingsError):
        repeat(job, EVERY, on_failure=failures.append)
    assert [str(one) for one in failures] == ["away"]
    assert starts[3] - starts[0] >= 3 * EVERY.total_seconds() - 0.001


def test_a_run_that_takes_too_long_is_followed_at_once() -> None:
    starts: list[float] = []

    def job() -> None:
        starts.append(time.monotonic())
        if len(starts) == 3:
            raise SettingsError("enough")
        time.sleep(2 * EVERY.total_seconds())

    with pytest.raises(SettingsError):
        repeat(job, EVERY, on_failure=lambda _: None)
    assert starts[2] - starts[0] >= 4 * EVERY.total_seconds()
