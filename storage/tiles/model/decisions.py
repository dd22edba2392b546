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
Shorts = NDArray[np.int16]
"""Wide enough for every context, and four times as fast to reckon with as Ints."""
Bits = NDArray[np.bool_]
Contexts = Sequence[NDArray[Any]]
"""(m,) whole numbers below the sizes of the question, one array a context."""
Truth = Callable[[], Bits]
"""What the encoder answers; the decoder never calls it."""


class Question(IntEnum):
    """A binary question about a tile, a block or a cell.

    The numbers are the order of the tables in a version of the table file.
    """

    DEVICE_HAS = 0  # is this label on any map of the device?
    TILE_HAS = 1  # is it in the newest version of the tile?
    BLOCK_MIXED = 2  # newest version: does the 8 x 8 block hold more than one label?
    BLOCK_LABEL = 3  # is its label this candidate?
    HALF_MIXED = 4  # the same for 4 x 4 blocks
    HALF_LABEL = 5
    CELL_FOLLOWS = 6  # does the cell have the label that its neighbours suggest?
    CELL_LABEL = 7  # is its label this candidate?
    LABEL_BIT = 8  # which of the labels left, bit by bit
    TARGET = 9  # older version: does a cell become unknown, floor, wall, segment?
    TARGET_LABEL = 10  # does a cell become this segment?
    CHANGED_16 = 11  # does anything change in the 16 x 16 block?
    CHANGED_8 = 12
    CHANGED_4 = 13
    CHANGED = 14  # does the cell change?
    BECOMES = 15  # does it become this class?
    BECOMES_LABEL = 16  # does it become this segment?


def count_true(flags: Sequence[Bits] | Bits) -> NDArray[np.uint8]:
    """(k, m) flags -> (m,) how many are true; k below 256."""
    count = np.zeros(len(flags[0]), np.uint8)
    for one in flags:
        count += one.view(np.uint8)
    return count


_BLOCK = (2401, 2744, 9604, 9604)
_FLAG = (4096, 2000, 4096, 768)
SIZES: dict[Question, tuple[int, ...]] = {
    Question.DEVICE_HAS: (256,),
    Question.TILE_HAS: (192,),
    Question.BLOCK_MIXED: _BLOCK,
    Question.BLOCK_LABEL: (5120,),
    Question.HALF_MIXED: _BLOCK,
    Question.HALF_LABEL: (5120,),
    Question.CELL_FOLLOWS: (4096, 16384, 6912, 12288, 18432),
    Question.CELL_LABEL: (5120,),
    Question.LABEL_BIT: (1024,),
    Question.TARGET: (1024, 1024),
    Question.TARGET_LABEL: (128, 128),
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
