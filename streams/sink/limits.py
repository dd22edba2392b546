"""When to stop: a bad deploy must not drain a topic into the dead letters."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from schemas.errors import FatalError
from schemas.lineage import Partition

WINDOW = 20_000
"""The share of rejected records is taken over about this many of the latest."""

ENOUGH = 1_000
"""A share of fewer records than this says nothing."""


@dataclass(frozen=True, slots=True)
class RejectionLimit:
    """How much may be rejected before an operator has to look.

    Attributes:
        ratio: Share of the latest records of a partition.
        run: Records of a partition, one after the other.
    """

    ratio: float
    run: int


@dataclass(slots=True)
class RejectionState:
    """How much of one partition was rejected of late.

    Attributes:
        accepted: An operator accepted what is rejected up to this offset.
    """

    accepted: int = -1
    _run: int = 0
    _latest: deque[tuple[int, int]] = field(default_factory=deque)

    def check(
        self,
        partition: Partition,
        offsets: NDArray[np.int64],
        rejected: NDArray[np.int64],
        limit: RejectionLimit,
    ) -> None:
        """Count a span's records.

        Args:
            offsets: (n,) int64 of all its records, ascending.
            rejected: (m,) int64 of those that are rejected.

        Raises:
            FatalError: Too many, beyond what was accepted; names the command that goes on.
        """
        offsets = offsets[offsets > self.accepted]
        bad = np.isin(offsets, rejected)
        self._latest.append((len(offsets), int(bad.sum())))
        longest, self._run = _runs(bad, self._run)
        total, count = (sum(column) for column in zip(*self._latest, strict=True))
        if longest > limit.run or (total >= ENOUGH and count > limit.ratio * total):
            raise FatalError(
                f"{partition}: {count} of the latest {total} records are rejected, {longest} of "
                "them in a row, so nothing more is stored; when that is right: fortnight "
                f"dead-letters accept {partition} --until {int(offsets[-1])}"
            )
        while sum(n for n, _ in self._latest) > WINDOW and len(self._latest) > 1:
            self._latest.popleft()


def _runs(bad: NDArray[np.bool_], before: int) -> tuple[int, int]:
    """The longest run of true, and the one that is open at the end, `before` continued."""
    if not len(bad):
        return before, before
    ends = np.flatnonzero(~bad)
    if not len(ends):
        return before + len(bad), before + len(bad)
    lengths = np.diff(ends) - 1
    first, last = before + int(ends[0]), len(bad) - 1 - int(ends[-1])
    return max(first, last, int(lengths.max(initial=0))), last


def states(accepted: Mapping[Partition, int]) -> dict[Partition, RejectionState]:
    """A state for each partition."""
    return {partition: RejectionState(offset) for partition, offset in accepted.items()}
