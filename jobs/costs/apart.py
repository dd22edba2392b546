"""Measuring in a process of its own: what it takes is the job's, and not of whoever asks."""

import multiprocessing
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any


def apart(job: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - what it gives
    """What a job gives that a new process does; the job is a module's own function."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(job, arguments)


def peak_bytes() -> int:
    """The most memory that this process held; `ru_maxrss` would tell of its parent's, too."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = next(line for line in status.read_text("utf-8").splitlines() if "VmHWM:" in line)
    return int(line.split()[1]) * 1024
