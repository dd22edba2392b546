"""What is decided: the binary questions of the codec, and how many contexts each looks at.

A context is a small whole number made of what is known already. A question's answer is
predicted by the sum of one table entry a context, so contexts may overlap as they like.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.bool_]
Contexts = Sequence[NDArray[Any]]
"""(m,) whole numbers below the sizes of the question, one array a context."""
Truth = Callable[[], Bits]
"""What the encoder answers; the decoder never calls it."""


class Question(IntEnum):
    """A binary question about a tile, a block or a cell."""

    BLOCK_MIXED = 0  # of the newest version: does the block hold more than one label?
    BLOCK_LABEL = 1  # is its label this candidate?
    CELL_FOLLOWS = 2  # does the cell have the label that its neighbours suggest?
    CELL_LABEL = 3  # is its label this candidate?
    LABEL_BIT = 4  # a label that no candidate foresaw, bit by bit
    TARGET = 5  # of an older version: do cells become unknown, floor, wall, segment?
    PALETTE_BIT = 6  # the segments that cells become, bit by bit
    PALETTE_MORE = 7  # is there one more?
    CHANGED_16 = 8  # does anything change in the block?
    CHANGED_8 = 9
    CHANGED_4 = 10
    CHANGED = 11  # does the cell change?
    BECOMES = 12  # does it become this class?
    BECOMES_LABEL = 13  # does it become this segment?
    HALF_MIXED = 14  # of the newest version: does the 4 x 4 block hold more than one label?
    HALF_LABEL = 15


SIZES: dict[Question, tuple[int, ...]] = {}


class Coder(Protocol):
    """Encoder, decoder, or what counts for the training: one signature, so one model."""

    def __call__(self, question: Question, contexts: Contexts, chunk: Ints, truth: Truth) -> Bits:
        """Answer m questions.

        Args:
            question: Which question it is, for all.
            contexts: What is known, by decision.
            chunk: (m,) chunk of the decision, non-decreasing.
            truth: Asked only where the answers are known.
        """
        ...
