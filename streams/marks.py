"""What officers say of devices, as the registry knows it: few devices, each with its history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from schemas.marks import ERASED, RESTRICTED, STOPPED, Mark
from schemas.retention import microseconds

_NOBODY = -(2**63)
"""Before every registration, those that do not say since when included."""


class _Said(NamedTuple):
    """What held for a device from a moment on; times are microseconds since 1970 in UTC."""

    since: int
    restricted: bool = False
    stopped: bool = False
    erased: int = _NOBODY


@dataclass(frozen=True, slots=True)
class Marked:
    """What was said of n records' devices when the records came.

    Attributes:
        restricted, stopped: (n,) bool.
        erased: (n,) int64, microseconds since 1970 in UTC: whoever bound it by then is erased.
        unknown: (n,) bool, nobody knows what was said: of these the others mean nothing.
    """

    restricted: NDArray[np.bool_]
    stopped: NDArray[np.bool_]
    erased: NDArray[np.int64]
    unknown: NDArray[np.bool_]

    @classmethod
    def nothing(cls, n: int) -> Self:
        """Nothing is said of any."""
        return cls(np.zeros(n, bool), np.zeros(n, bool), np.full(n, _NOBODY), np.zeros(n, bool))

    def withheld(self, bound_since: NDArray[np.int64]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """(reason, records) of those that may not be stored, in the order in which reasons apply.

        Args:
            bound_since: (n,) int64, when each record's device was bound.
        """
        yield RESTRICTED, self.restricted
        yield STOPPED, self.stopped
        yield ERASED, bound_since <= self.erased


class Marks:
    """The history of marks, in order; whoever shares it between threads locks it."""

    def __init__(self, history: timedelta) -> None:
        """Nothing is said yet.

        Args:
            history: What was superseded longer ago is forgotten.
        """
        self._history = microseconds(history)
        self._said: dict[bytes, tuple[_Said, ...]] = {}

    def add(self, device: bytes, since: int, mark: Mark | None) -> None:
        """Note what holds from now on.

        Args:
            device: Its digest.
            since: The mark's ingest time, microseconds since 1970 in UTC; nothing is erased that
                comes after it, whatever the officer's clock said.
            mark: None for nothing.
        """
        said = _Said(since)
        if mark:
            erased = _NOBODY if mark.erased is None else min(mark.erased, since)
            said = _Said(since, mark.restricted, mark.stopped, erased)
        before = self._said.get(device, ())
        pairs = pairwise((*before, said))
        kept = [one for one, after in pairs if after.since > since - self._history]
        self._said[device] = (*kept, said)

    def as_of(
        self,
        devices: Sequence[bytes],
        indices: NDArray[np.integer],
        times: NDArray[np.int64],
        compacted_until: int,
    ) -> Marked | None:
        """What was said of each record's device just before the record came; None: of nobody.

        Args:
            devices: Digests of distinct devices.
            indices: (n,) which of `devices` each record names.
            times: (n,) int64 ingest times, microseconds since 1970 in UTC.
            compacted_until: A mark that came by then may have superseded others that are not known.
        """
        marked = [place for place, device in enumerate(devices) if device in self._said]
        if not marked:
            return None
        found = Marked.nothing(len(times))
        rows = np.flatnonzero(np.isin(indices, marked))
        rows = rows[np.argsort(indices[rows], kind="stable")]
        starts = np.searchsorted(indices[rows], marked)
        for place, mine in zip(marked, np.split(rows, starts[1:]), strict=True):
            said = self._said[devices[place]]
            _fill(found, mine, times[mine], said)
            found.unknown[mine] = (times[mine] <= said[0].since) & (
                said[0].since <= compacted_until
            )
        return found


def _fill(
    found: Marked, mine: NDArray[np.intp], times: NDArray[np.int64], said: tuple[_Said, ...]
) -> None:
    """Put in what was said last before each time; the broker's clock may have gone back."""
    since = np.maximum.accumulate([one.since for one in said])
    last = np.searchsorted(since, times, "left") - 1
    mine, last = mine[last >= 0], last[last >= 0]
    found.restricted[mine] = np.array([one.restricted for one in said])[last]
    found.stopped[mine] = np.array([one.stopped for one in said])[last]
    found.erased[mine] = np.array([one.erased for one in said])[last]
