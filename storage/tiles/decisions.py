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
    """A binary question about a tile, a block or a cell.

    The numbers are the order of the tables in a version of the table file.
    """

    BLOCK_MIXED = 0  # newest version: does the 8 x 8 block hold more than one label?
    BLOCK_LABEL = 1  # is its label this candidate?
    HALF_MIXED = 2  # the same for 4 x 4 blocks
    HALF_LABEL = 3
    CELL_FOLLOWS = 4  # does the cell have the label that its neighbours suggest?
    CELL_LABEL = 5  # is its label this candidate?
    LABEL_BIT = 6  # a label that no candidate foresaw, bit by bit
    TARGET = 7  # older version: does a cell become unknown, floor, wall, segment?
    PALETTE_BIT = 8  # a segment that cells become, bit by bit
    PALETTE_MORE = 9  # is there one more?
    CHANGED_16 = 10  # does anything change in the 16 x 16 block?
    CHANGED_8 = 11
    CHANGED_4 = 12
    CHANGED = 13  # does the cell change?
    BECOMES = 14  # does it become this class?
    BECOMES_LABEL = 15  # does it become this segment?


_BLOCK = (2401, 2744, 9604, 9604)
_FLAG = (4096, 2000, 4096, 768)
SIZES: dict[Question, tuple[int, ...]] = {
    Question.BLOCK_MIXED: _BLOCK,
    Question.BLOCK_LABEL: (8192,),
    Question.HALF_MIXED: _BLOCK,
    Question.HALF_LABEL: (8192,),
    Question.CELL_FOLLOWS: (4096, 16384, 6912, 12288, 9216),
    Question.CELL_LABEL: (8192,),
    Question.LABEL_BIT: (256,),
    Question.TARGET: (1024, 1024),
    Question.PALETTE_BIT: (256,),
    Question.PALETTE_MORE: (8,),
    Question.CHANGED_16: _FLAG,
    Question.CHANGED_8: _FLAG,
    Question.CHANGED_4: _FLAG,
    Question.CHANGED: (6144, 2048, 4096, 4096, 1536, 6144, 2048, 16384),
    Question.BECOMES: (3072, 2700),
    Question.BECOMES_LABEL: (240,),
}
"""Question -> how many values each of its contexts may have."""


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
