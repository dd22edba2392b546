"""Ends a process that only seems to be alive; its supervisor starts it again.

A consumer that left its group, a rebalance that never ends, an event loop that hangs: nothing is
logged in any of these, and nothing moves. It is always safe to end the process.
"""

import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

logger = logging.getLogger(__name__)

TEMPORARY_FAILURE = 75
"""sysexits.h, EX_TEMPFAIL: start it again."""

_GLANCE = 0.25
"""Seconds between two looks."""


class Watchdog:
    """Ends the process when nobody said `well` for too long, or when a deadline has passed.

    Args:
        limit: How long may pass without `well`.
        now: Monotonic seconds.
        end: Ends the process with an exit code, come what may.
    """

    def __init__(
        self,
        limit: timedelta,
        *,
        now: Callable[[], float] = time.monotonic,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._limit = limit.total_seconds()
        self._now = now
        self._end = end
        self._deadline = float("inf")
        self._seen = now()

    def start(self) -> None:
        """Begin to watch, on a thread of its own."""
        self._seen = self._now()
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def well(self) -> None:
        """Say that the worker is in its group and its loop turns."""
        self._seen = self._now()

    def end_within(self, limit: timedelta) -> None:
        """End the process after this time if it still runs then."""
        self._deadline = self._now() + limit.total_seconds()

    def look(self) -> bool:
        """End the process if it is time; whether it was."""
        now = self._now()
        if now >= self._deadline:
            reason = "did not stop in time"
        elif now - self._seen >= self._limit:
            reason = f"not in its group for {now - self._seen:.0f} s"
        else:
            return False
        logger.critical("the worker %s: the process ends", reason)
        self._end(TEMPORARY_FAILURE)
        return True

    def _watch(self) -> None:
        while not self.look():
            time.sleep(_GLANCE)
