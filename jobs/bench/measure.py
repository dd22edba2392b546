"""One program on one core: how fast it makes records durable, and what of the machine it takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import psutil

from jobs.bench.peers.task import BEGAN, DURABLE
from jobs.demo.processes import Process
from schemas.errors import RetryableError

CONSUMER_CORE = 0
"""Where what is measured runs; everything else runs on the other cores."""

_POLL_SECONDS = 0.05


class Progress(Protocol):
    """How far a program is."""

    def has_begun(self) -> bool:
        """Whether it reads, or is about to; where in doubt, sooner."""
        ...

    def durable(self) -> int:
        """Records that are in its store or otherwise done with."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """What a program had used at one moment.

    Attributes:
        clock: Seconds, of a clock that never goes back.
        cpu: Seconds of user and system time, over all its threads.
        resident: Bytes of memory.
    """

    clock: float
    cpu: float
    resident: int

    @classmethod
    def of(cls, pid: int) -> "Sample":
        """The program now."""
        one = psutil.Process(pid)
        with one.oneshot():
            times = one.cpu_times()
            resident = one.memory_info().rss
        return cls(clock=time.monotonic(), cpu=times.user + times.system, resident=resident)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A program's run, from its first record to its last durable one.

    Attributes:
        seconds: By the wall clock.
        cpu: Seconds of user and system time.
        resident: Bytes of memory, at most.
    """

    records: int
    seconds: float
    cpu: float
    resident: int

    @property
    def records_per_second(self) -> float:
        """Throughput."""
        return self.records / self.seconds

    @property
    def cpu_us_per_record(self) -> float:
        """Microseconds of user and system time that a record costs."""
        return self.cpu / self.records * 1e6


class PrintedProgress:
    """What a peer says on its standard output."""

    def __init__(self, log: Path) -> None:
        """Follow what is appended to a file."""
        self._log = log
        self._read = 0
        self._begun = False
        self._durable = 0

    def has_begun(self) -> bool:
        """Whether it has its first records."""
        self._follow()
        return self._begun

    def durable(self) -> int:
        """Records that it put."""
        self._follow()
        return self._durable

    def _follow(self) -> None:
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole, _, _ = log.read().rpartition(b"\n")
        self._read += len(whole) + 1 if whole else 0
        for line in whole.decode(errors="replace").splitlines():
            match line.split():
                case [word] if word == BEGAN:
                    self._begun = True
                case [word, number] if word == DURABLE:
                    self._durable = int(number)


def pin_to(pid: int, cores: list[int]) -> bool:
    """Let a program that has no threads yet, and what it starts, run on these cores only.

    Returns:
        Whether this system can (Linux can).
    """
    one = psutil.Process(pid)
    if not hasattr(one, "cpu_affinity"):
        return False
    one.cpu_affinity(cores)
    return True


def measure(
    process: Process, progress: Progress, *, records: int, within: timedelta
) -> Measurement:
    """Watch a program, just started, until so many records are durable.

    What it takes before it has begun does not count.

    Raises:
        PartError: It ended by itself.
        RetryableError: It did not get so far in time.
    """
    pin_to(process.pid, [CONSUMER_CORE])
    deadline = time.monotonic() + within.total_seconds()
    _wait(process, progress.has_begun, deadline)
    samples = [Sample.of(process.pid)]

    def is_enough() -> bool:
        durable = progress.durable()
        samples.append(Sample.of(process.pid))
        counts.append(durable)
        return durable >= records

    counts: list[int] = []
    _wait(process, is_enough, deadline)
    first, last = samples[0], samples[-1]
    return Measurement(
        records=counts[-1],
        seconds=last.clock - first.clock,
        cpu=last.cpu - first.cpu,
        resident=max(sample.resident for sample in samples),
    )


def _wait(process: Process, condition: Callable[[], bool], deadline: float) -> None:
    while not condition():
        process.check()
        if time.monotonic() > deadline:
            raise RetryableError(f"{process.name} was not done in time:\n{process.last_lines()}")
        time.sleep(_POLL_SECONDS)
