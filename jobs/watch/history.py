"""The states of the last while, for whoever shows how things came about."""

from collections import deque
from datetime import timedelta
from threading import Lock

from jobs.watch.state import State

LENGTH = timedelta(hours=1)
"""What is kept, where there is room: enough to see when it began."""

STEP = timedelta(seconds=5)
"""Of states that are as good or bad as the next, one in so long is kept, and the newest."""

ROOM = 100_000
"""States of partitions that are kept at most, over all: about 60 MB."""


class History:
    """States in the order in which they were seen; safe for many threads.

    Args:
        length: What is older than the newest by more than this is forgotten.
        room: So many states of partitions are kept at most; the newest state always is.
    """

    def __init__(self, length: timedelta = LENGTH, room: int = ROOM) -> None:
        self._length = length
        self._room = room
        self._states: deque[State] = deque()
        self._lock = Lock()

    def append(self, state: State) -> None:
        """Keep a state, and forget what is too old, too much or too close."""
        with self._lock:
            if self._takes_the_place_of_the_last(state):
                self._room += len(self._states.pop().partitions)
            self._states.append(state)
            self._room -= len(state.partitions)
            while len(self._states) > 1 and self._is_full(state):
                self._room += len(self._states.popleft().partitions)

    @property
    def latest(self) -> State | None:
        """The newest; None before the first."""
        with self._lock:
            return self._states[-1] if self._states else None

    @property
    def states(self) -> tuple[State, ...]:
        """All that are kept, the oldest first."""
        with self._lock:
            return tuple(self._states)

    def _takes_the_place_of_the_last(self, newest: State) -> bool:
        if len(self._states) < 2:  # noqa: PLR2004 - the last, and the one before it
            return False
        before, last = self._states[-2], self._states[-1]
        return last.now - before.now < STEP and last.verdict == newest.verdict

    def _is_full(self, newest: State) -> bool:
        return self._room < 0 or newest.now - self._states[0].now > self._length
