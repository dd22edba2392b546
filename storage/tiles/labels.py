"""What a cell may be, and how one is told among candidates."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.tiles.decisions import Coder, Ints, Question

Labels = NDArray[np.uint8]

CLASSES = 4
"""Unknown, floor, wall, and 3 for the path and every segment."""
CLASS: Labels = np.minimum(np.arange(256), 3).astype(np.uint8)
"""Label -> its class."""
NONE = 255
"""A candidate that is none: never tried. A cell of this label is still found, bit by bit."""
_BITS = 8


def choose(
    coder: Coder,
    question: Question,
    candidates: Sequence[Labels],
    known: tuple[Ints, Ints],
    truth: Callable[[], Labels],
) -> Labels:
    """Tell (m,) labels: the first candidate that is right, or else eight bits.

    Args:
        coder: Answers.
        question: Asked once a candidate; two contexts: `known` with the candidate, and its rank.
        candidates: (m,) labels each, the likeliest first. The first one is known to be wrong.
        known: (m,) context below 256, and (m,) chunk.
        truth: (m,) labels; the encoder's.
    """
    context, chunk = known
    labels = np.full(len(chunk), NONE, np.uint8)
    still = np.arange(len(chunk))
    for rank in range(1, len(candidates)):
        fresh = candidates[rank][still] != NONE
        for before in candidates[:rank]:
            fresh &= candidates[rank][still] != before[still]
        ask = still[fresh]
        if len(ask):
            mine = candidates[rank][ask]
            hit = coder(
                question,
                [(context[ask] * 8 + rank - 1) * CLASSES + CLASS[mine]],
                chunk[ask],
                lambda ask=ask, mine=mine: truth()[ask] == mine,  # type: ignore[misc]
            )
            labels[ask[hit]] = mine[hit]
            right = np.zeros(len(chunk), bool)
            right[ask[hit]] = True
            still = still[~right[still]]
        if not len(still):
            return labels
    labels[still] = spell(coder, Question.LABEL_BIT, chunk[still], lambda: truth()[still])
    return labels


def spell(coder: Coder, question: Question, chunk: Ints, truth: Callable[[], Labels]) -> Labels:
    """Tell (m,) labels bit by bit, the highest first, each bit knowing those before."""
    node = np.ones(len(chunk), np.int64)
    for bit in range(_BITS - 1, -1, -1):
        one = coder(
            question,
            [node],
            chunk,
            lambda bit=bit: (truth() >> np.uint8(bit)) & 1 > 0,  # type: ignore[misc]
        )
        node = node * 2 + one
    return (node & 255).astype(np.uint8)


def constant(label: int, n: int) -> Labels:
    """(n,) times the same candidate."""
    return np.full(n, label, np.uint8)
