"""A job again and again, for systems without a scheduler of their own."""

import time
from collections.abc import Callable
from datetime import timedelta

from schemas.errors import RetryableError


def repeat(
    job: Callable[[], object], every: timedelta, *, on_failure: Callable[[RetryableError], None]
) -> None:
    """Start a job at a fixed pace, for ever; a late one is followed at once by the next.

    Args:
        job: Safe to kill.
        every: From start to start.
        on_failure: Told what time may heal; the next run tries again. Other errors end it.
    """
    due = time.monotonic()
    while True:
        try:
            job()
        except RetryableError as error:
            on_failure(error)
        due = max(due + every.total_seconds(), time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
