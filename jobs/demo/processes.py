"""A process that we own: it is ready or it says why not, and it never outlives us.

Ctrl-C reaches only us (each process has a session of its own), so that whoever started the parts
also decides the order in which they stop. If we are killed, the kernel kills them (Linux; a
process that starts children of its own answers for those).
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from schemas.errors import FatalError

_PORTS = range(20_000, 32_768)
"""Below Linux's ephemeral ports: nobody's outgoing connection can take one in between."""

_LAUNCH = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL; survives exec
    if os.getppid() != int(sys.argv[1]):
        os._exit(1)
os.execvp(sys.argv[2], sys.argv[2:])
"""

_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starts-processes")
"""The kernel's "parent has died" means the thread that forked: this one lives as long as we do."""


class PartError(FatalError):
    """A part of the system did not start, or ended by itself; the message has its last lines."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens; somebody else may take it before you do."""
    for port in random.sample(_PORTS, 200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
    raise PartError("no free port on 127.0.0.1 below 32768")


def is_listening(port: int) -> bool:
    """Whether somebody accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A running program whose output goes to a file.

    Attributes:
        name: What people call it.
        log: The file that its output is appended to.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start the program; it runs when this returns, but need not be ready.

        Args:
            name: What people call it.
            command: Program and arguments.
            log: File that its output is appended to; its folder is made.
            env: Its whole environment; None: ours.
        """
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid())]
        self._popen = _STARTER.submit(_start, [*launcher, *command], log, env).result()

    def __enter__(self) -> Self:
        """Itself: stopped on the way out."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its process group."""
        return self._popen.pid

    @property
    def status(self) -> int | None:
        """Exit status as subprocess has it (negative: the signal that ended it); None: it runs."""
        return self._popen.poll()

    def is_running(self) -> bool:
        """Whether it has not ended yet; a suspended process runs."""
        return self.status is None

    def last_lines(self, n: int = 15) -> str:
        """The end of its output."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-n:])

    def check(self) -> None:
        """Say why it ended.

        Raises:
            PartError: It does not run any more.
        """
        if not self.is_running():
            raise PartError(self._failure(f"ended with status {self.status}"))

    def wait_until(self, ready: Callable[[], bool], *, within: timedelta) -> None:
        """Return as soon as `ready()`; stop the process where that does not come to pass.

        Raises:
            PartError: It ended, or was not ready in time.
        """
        deadline = time.monotonic() + within.total_seconds()
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                self.stop()
                raise PartError(self._failure(f"was not ready within {within.total_seconds():g} s"))
            time.sleep(0.05)

    def wait(self, *, within: timedelta) -> int | None:
        """Wait for its end: the exit status, or None where it still runs."""
        try:
            return self._popen.wait(within.total_seconds())
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and its group; one that has ended does not mind."""
        if self.is_running():
            with suppress(ProcessLookupError):  # it ended this moment, and somebody has noted it
                os.killpg(self.pid, number)

    def stop(self, *, patience: timedelta = timedelta(seconds=15)) -> None:
        """Ask it to end, and kill it where it does not; a suspended one is continued first."""
        self.signal(signal.SIGTERM)
        self.signal(signal.SIGCONT)
        if self.wait(within=patience) is None:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._popen.wait()

    def _failure(self, what: str) -> str:
        return f"{self.name} {what}; the end of {self.log}:\n{self.last_lines()}"


def _start(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
