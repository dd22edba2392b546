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

    Attributes:
        limit: Seconds that may pass without `well`.
        was_well: Whether anybody ever said so.

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
        self.limit = limit.total_seconds()
        self.was_well = False
        self._now = now
        self._end = end
        self._deadline = float("inf")
        self._code = TEMPORARY_FAILURE
        self._seen = now()

    def start(self) -> None:
        """Begin to watch, on a thread of its own."""
        self._seen = self._now()
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def well(self) -> None:
        """Say that the worker is in its group and its loop turns."""
        self._seen = self._now()
        self.was_well = True

    @property
    def silence(self) -> float:
        """Seconds since it was well, or since the watch began."""
        return self._now() - self._seen

    def end_within(self, limit: timedelta, code: int = TEMPORARY_FAILURE) -> None:
        """End the process with an exit code after this time if it still runs then."""
        self._code = code
        self._deadline = self._now() + limit.total_seconds()

    def look(self) -> bool:
        """End the process if it is time; whether it was."""
        now = self._now()
        if now >= self._deadline:
            logger.warning("the worker did not stop in time: the process ends")
            self._end(self._code)
        elif now - self._seen >= self.limit:
            logger.critical("no group for %.0f s: the process ends", now - self._seen)
            self._end(TEMPORARY_FAILURE)
        else:
            return False
        return True

    def _watch(self) -> None:
        while not self.look():
            time.sleep(_GLANCE)
