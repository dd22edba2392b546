"""Stores of one process that ends at some step: nothing is put or deleted by it any more."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import StoreUnavailableError
from storage.directory import DirectoryStore


@dataclass(slots=True)
class Life:
    """How many steps a process has left; it may end before a step, or behind it.

    Attributes:
        steps: Puts and deletes of all its stores.
        behind: The last step is made, and its answer is lost.
    """

    steps: int
    behind: bool = False

    def step(self) -> None:
        """Take a step.

        Raises:
            StoreUnavailableError: The process is gone, and the step was not made.
        """
        if self.steps <= 0:
            raise StoreUnavailableError("gone")
        self.steps -= 1

    def check(self) -> None:
        """See that it still lives."""
        if self.behind and self.steps <= 0:
            raise StoreUnavailableError("gone")


class MortalStore(DirectoryStore):
    """A folder, as a process with so much life sees it."""

    def __init__(self, root: Path, life: Life) -> None:
        super().__init__(root)
        self._life = life

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        self._life.step()
        etag = super().put(key, data, only_if_absent=only_if_absent)
        self._life.check()
        return etag

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        for key in keys:
            self._life.step()
            super().delete([key], every_version=every_version)
            self._life.check()
