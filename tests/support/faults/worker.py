"""`python -m support.faults.worker`: the real worker, with faults at the steps of its flushes.

FAULTY_STEP     the step at which the process kills or stops itself, once
FAULTY_SIGNAL   SIGKILL or SIGSTOP
FAULTY_SKIP     how often it passes the step before
FAULTY_NOTES    file that tells others how many flushes are in flight
"""

import mmap
import os
import signal
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from storage import logs
from streams.kafka.app import exit_code
from streams.worker import run

_NUMBERS = struct.Struct("<qq")


@dataclass(frozen=True, slots=True)
class Notes:
    """What a worker, dead or alive, was doing.

    Attributes:
        in_flight: Flushes that were taken and not acknowledged.
        steps: How many steps it told.
    """

    in_flight: int
    steps: int

    @classmethod
    def read(cls, path: Path) -> "Notes":
        """Read what a worker noted; nothing where it noted nothing yet."""
        try:
            return cls(*_NUMBERS.unpack(path.read_bytes()))
        except (FileNotFoundError, struct.error):
            return cls(0, 0)


@dataclass(slots=True)
class Faulty:
    """Told of every step: notes it, and sends the signal to its own process where it is due."""

    step: str
    number: signal.Signals
    skip: int
    notes: mmap.mmap
    _in_flight: int = 0
    _steps: int = 0
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def made_of(cls, environment: Mapping[str, str]) -> "Faulty":
        """As the environment says."""
        with Path(environment["FAULTY_NOTES"]).open("wb+") as file:
            file.write(_NUMBERS.pack(0, 0))
            file.flush()
            notes = mmap.mmap(file.fileno(), _NUMBERS.size)
        number = signal.Signals[environment.get("FAULTY_SIGNAL", "SIGKILL")]
        return cls(
            environment.get("FAULTY_STEP", ""),
            number,
            int(environment.get("FAULTY_SKIP", "0")),
            notes,
        )

    def __call__(self, step: str) -> None:
        """Be told of a step."""
        with self._lock:
            self._steps += 1
            self._in_flight += (step == "taken") - (step == "acknowledging")
            _NUMBERS.pack_into(self.notes, 0, self._in_flight, self._steps)
            due = step == self.step and self.skip == 0
            self.skip -= step == self.step
        if due:
            os.kill(os.getpid(), self.number)


def main() -> None:
    """Run the worker as `fortnight-worker` does."""
    environment = dict(os.environ)  # noqa: TID251 - the edge
    faulty = Faulty.made_of(environment)
    logs.set_up("INFO")
    sys.exit(exit_code(lambda: run(environment, faulty)))


if __name__ == "__main__":
    main()
