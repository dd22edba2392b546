"""Faults between two steps of a flush, injected where the sink tells its steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Lock

from schemas.tables import DEAD_LETTERS

_OF_A_DELIVERY = ("putting", "put", "compared", "committed")
STEPS = (
    "taken",
    "judged",
    *(f"{step}/{name}" for name in ("eu", "us", DEAD_LETTERS.name) for step in _OF_A_DELIVERY),
    "acknowledging",
)
"""Every step of a flush, as `streams.sink` and `streams.sink.delivery` tell them."""


class CrashError(BaseException):
    """The process is gone: nothing may catch it."""


@dataclass(slots=True)
class Crash:
    """Ends a sink at a step: from then on no step of it is reached any more.

    Attributes:
        at: The step.
        whole: Whether every thread ends; else only the one that is at the step.
    """

    at: str
    whole: bool = True
    happened: bool = False

    def __call__(self, step: str) -> None:
        """Be told of a step."""
        if step == self.at or (self.happened and self.whole):
            self.happened = True
            raise CrashError(step)


@dataclass(slots=True)
class Stop:
    """Suspends a sink at a step, and every thread of it at its next one, until it is continued."""

    at: str
    happened: Event = field(default_factory=Event)
    _continued: Event = field(default_factory=Event)

    def __call__(self, step: str) -> None:
        """Be told of a step."""
        if step == self.at:
            self.happened.set()
        if self.happened.is_set():
            self._continued.wait()

    def resume(self) -> None:
        """Let it go on, as after SIGCONT."""
        self._continued.set()


@dataclass(slots=True)
class Notes:
    """Only remembers the steps."""

    steps: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, step: str) -> None:
        """Be told of a step."""
        with self._lock:
            self.steps.append(step)


Fault = Callable[[str], None]
