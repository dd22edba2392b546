"""Destinations agree: over the same offsets of a partition their receipts say the same.

After a crash two destinations may have split a stretch of offsets differently, so they are compared
between the offsets at which a span of each ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from jobs.reconcile.ledger import Breach, Ledger
from schemas.lineage import Partition

_Counts = Mapping[str, NDArray[np.int64]]


def compare(partition: Partition, ledgers: Sequence[Ledger]) -> Iterator[Breach]:
    """Compare what destinations say of one partition, as far as all of them have come.

    Args:
        partition: Which.
        ledgers: Those that know the partition.
    """
    tiles = [ledger.tiles[partition] for ledger in ledgers if ledger.tiles.get(partition)]
    if not tiles or len(tiles) < len(ledgers):  # one has not begun
        return
    common = reduce(np.intersect1d, [one.cuts for one in tiles])
    if not len(common):
        yield Breach(str(partition), "destinations have no end of a span in common")
        return
    said = [one.between(common) for one in tiles]
    for ledger, counts in zip(ledgers[1:], said[1:], strict=True):
        for place, what in _differences(said[0], counts, len(common) - 1).items():
            where = f"{partition}@{common[place] + 1} to {common[place + 1]}"
            yield Breach(where, f"{ledgers[0].name} and {ledger.name} disagree: {what}")


def _differences(one: _Counts, other: _Counts, n: int) -> dict[int, str]:
    """Which of n stretches have other counts -> which, in words."""
    found: dict[int, list[str]] = {}
    nothing = np.zeros(n, np.int64)
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name, nothing), other.get(name, nothing)
        for place in np.flatnonzero(left != right):
            words = f"{name} {left[place]} and {right[place]}"
            found.setdefault(int(place), []).append(words)
    return {place: ", ".join(words) for place, words in sorted(found.items())}
