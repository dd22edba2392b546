"""The states of the last while, for whoever shows how things came about."""

from collections import deque
from datetime import timedelta
from threading import Lock

from jobs.watch.state import State

LENGTH = timedelta(hours=1)
"""What is kept, where there is room: enough to see when it began."""

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
        """Keep a state, and forget what is too old or too much."""
        with self._lock:
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

    def _is_full(self, newest: State) -> bool:
        return self._room < 0 or newest.now - self._states[0].now > self._length
