"""Workers that are forked from a process that has imported what they need, not started anew.

A start costs a second of computing, nearly all of it imports, and tests of faults start dozens.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from jobs.demo.processes import Process

_PRELOADED = [  # installed ones, for the server knows no other folder
    *("streams.worker", "streams.pipeline", "streams.sink"),
    *("jobs.compact", "jobs.expire", "jobs.sweep", "jobs.verify", "jobs.verify.rows.registry"),
    *("jobs.holds", "jobs.subjects.searching"),
    *("pytest", "polars", "numpy.random", "hypothesis"),
]
"""What functions that are forked need: importing it begins no thread and opens nothing."""

_PR_SET_PDEATHSIG = 1
_PATIENCE = 60.0
"""Seconds for what takes a moment."""


def server() -> ForkServerContext:
    """Makes processes; one for all tests of a process, so that it has imported what any needs."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(_PRELOADED)
    return found


class Forked(Process):
    """A running function whose output goes to a file; to whoever looks, a process as any other."""

    def __init__(
        self, name: str, main: Callable[[], None], *, log: Path, env: Mapping[str, str]
    ) -> None:
        """Begin the function, in a process and a session of its own.

        Args:
            name: What people call it.
            main: A module's function.
            log: File that its output is appended to; its folder is made.
            env: Its whole environment.
        """
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        forks = server()
        begun, given = forks.Event(), (str(log), dict(env))
        self._child = forks.Process(target=_begin, args=(main, begun, *given), daemon=True)
        self._child.start()
        assert begun.wait(_PATIENCE), f"{name} was not forked"

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        assert self._child.pid is not None
        return self._child.pid

    @property
    def status(self) -> int | None:
        """Exit status as subprocess has it (negative: the signal that ended it); None: it runs."""
        return self._child.exitcode

    def wait(self, *, within: timedelta) -> int | None:
        """Wait for its end: the exit status, or None where it still runs."""
        self._child.join(within.total_seconds())
        return self.status

    def kill(self) -> None:
        """End it at once (SIGKILL), and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._child.join()


def _begin(main: Callable[[], None], begun: Any, log: str, env: Mapping[str, str]) -> None:  # noqa: ANN401 - an event
    """Become what `Process` would have started, and run."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(output, stream.fileno())
    os.environ.clear()  # noqa: TID251 - its own
    os.environ.update(env)  # noqa: TID251 - its own
    begun.set()
    main()
