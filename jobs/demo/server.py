"""A server of our own, Kafka or S3: started, watched, and stopped for sure."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar, Self

from jobs.demo.processes import PartError, Process


class Server(ABC):
    """A program on 127.0.0.1 that may be started again after it was stopped or killed."""

    name: ClassVar[str]
    """What people call it."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._process: Process | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def process(self) -> Process:
        """The running program, to be watched, suspended or killed.

        Raises:
            PartError: It was not started.
        """
        if self._process is None:
            raise PartError(f"{self.name} was not started")
        return self._process

    @abstractmethod
    def start(self, *, within: timedelta = timedelta(seconds=60)) -> None:
        """Start it: it answers when this returns.

        Raises:
            PartError: It did not get ready; it does not run.
        """

    def stop(self) -> None:
        """End it in order; without effect where it does not run."""
        if self._process is not None:
            self._process.stop()
