"""Asking one place on a thread of its own: one that hangs delays nobody, and is told as away."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from jobs.watch.reach import Place, Reach
from schemas.errors import FortnightError

_LEAVE_SECONDS = 60.0
"""Longer than a store lets a request last: 2 tries of 17 s, or a log's 20 s of retries and 17 s."""

_T = TypeVar("_T")
Answer = Callable[[], tuple[Reach, _T | None]]
"""Waits for what came of a question, but not for long; None where no answer came in time."""


class Asker:
    """Asks one place, on one thread, one question at a time.

    Args:
        kind: What kind of place it is.
        name: The place's.
        within: An answer that takes longer is none.
    """

    def __init__(self, kind: Place, name: str, within: timedelta) -> None:
        self._kind = kind
        self._name = name
        self._within = within.total_seconds()
        self._questions: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._last: Future[object] | None = None
        self._reach: Reach | None = None
        # A daemon, for a place that hangs must not keep the process from ending.
        self._thread = Thread(target=self._keep_asking, name=f"ask-{name}", daemon=True)
        self._thread.start()

    def ask(self, question: Callable[[], _T], now: datetime) -> Answer[_T]:
        """Begin to ask, unless the place still owes an answer; never raises what the place does.

        Args:
            question: Raises FortnightError or OSError where there is no answer.
            now: The time, for `Reach.since`.
        """
        future: Future[_T] | None = None
        if self._last is None or self._last.done():
            future = Future()
            self._last = future  # type: ignore[assignment]  # only whether it is done matters
            self._questions.put(partial(_settle, future, question))
        return partial(self._answer, future, time.monotonic(), now)

    def close(self) -> None:
        """Ask no more; an answer that is on its way is waited for, but not for ever.

        One that native code brings to an interpreter that is about to end would crash it.
        """
        self.leave()
        self._thread.join(_LEAVE_SECONDS)

    def leave(self) -> None:
        """Ask no more, and wait for nothing: only where no native code answers."""
        self._questions.put(_end)

    def _answer(
        self, future: Future[_T] | None, began: float, now: datetime
    ) -> tuple[Reach, _T | None]:
        if future is None:
            since = self._reach.since if self._reach else now
            return self._told(now, began, f"no answer since {since:%H:%M:%S} UTC"), None
        outcome = self._wait(future, began)
        return self._told(now, began, outcome[1]), outcome[0]

    def _wait(self, future: Future[_T], began: float) -> tuple[_T | None, str]:
        """What came of it, or why nothing did."""
        try:
            return future.result(max(0.0, began + self._within - time.monotonic())), ""
        except NotYet:
            return None, f"no answer within {self._within:g} s"
        except FortnightError as error:
            return None, str(error)
        except OSError as error:
            return None, type(error).__name__

    def _keep_asking(self) -> None:
        while (ask := self._questions.get()) is not _end:
            ask()

    def _told(self, now: datetime, began: float, problem: str) -> Reach:
        took = timedelta(seconds=time.monotonic() - began)
        before, answers = self._reach, not problem
        since = before.since if before and before.answers == answers else now
        self._reach = Reach(self._kind, self._name, answers, since, took, problem)
        return self._reach


def _settle(future: Future[_T], question: Callable[[], _T]) -> None:
    """Ask, and hand whatever comes to whoever waits for it."""
    try:
        future.set_result(question())
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        future.set_exception(error)


def _end() -> None:
    """What is put last."""
