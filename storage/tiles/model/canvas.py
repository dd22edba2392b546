"""What is known while the versions of tiles are told, newest first: cells, blocks, and their past.

Neighbourhoods are pushed, not pulled: a cell that changes tells its neighbours, once, and a
question about a cell reads one packed word. Few cells change, many are asked about.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles.model.decisions import Ints
from storage.tiles.model.labels import Labels, class_of
from storage.tiles.model.sheets import Chains

Bytes = NDArray[np.uint8]
Uints = NDArray[np.uint32]

AROUND = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))
"""East, south, west, north, then the diagonals, clockwise; (y, x)."""
_OPPOSITE = (2, 3, 0, 1, 6, 7, 4, 5)

# A cell's word: which of its neighbours have its label (8 bits), the classes of the four next
# to it (4 x 2), its own class (2), versions since it changed and how often it did (2 + 2), the
# class it had before (2).
KINDS, CLASS_AT, AGE, CHANGES, OLD_CLASS = 8, 16, 18, 20, 22

BLOCK_SIZES = (16, 8, 4)
_SLAB = 1 << 16
"""Cells whose words are made together: what that takes stays in a core's own cache."""
_SOME, _MANY = 2, 8


class Blocks:
    """Blocks of one size: a byte each, and whether anything changes in the version told now.

    The byte: which classes it holds (4 bits), versions since something changed (2: never, one,
    two, more), how much changed then (2).
    """

    def __init__(self, size: int, chains: Chains) -> None:
        self.size = size
        self.stride = chains.stride // size
        self.about = np.zeros(chains.size // size**2, np.uint8)
        self.flags = np.zeros_like(self.about)
        self._recent: tuple[Ints, Ints] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def settle(self, flagged: Ints, amount: Ints) -> None:
        """A version is told: `flagged` changed, by so many cells; the rest grow older."""
        last, before = self._recent
        self.about[before] |= 0b00110000
        self.about[last] = (self.about[last] & 0b00001111) | 0b00100000
        much = (amount > _SOME).astype(np.uint8) + (amount > _MANY)
        self.about[flagged] = (self.about[flagged] & 0b00001111) | 0b00010000 | (much << 6)
        self.flags[flagged] = 0
        self._recent = flagged, last


@dataclass(frozen=True, slots=True)
class Change:
    """The cells that a version has different from the next newer one, sorted by chain.

    Attributes:
        cells: (m,) canvas index.
        labels: (m,) what they are in this, the older, version.
        tile: (m,) place of the tile in the list of tiles told together.
    """

    cells: Ints
    labels: Labels
    tile: Ints


class Canvas:
    """Cells and blocks of all tiles of a batch."""

    def __init__(self, chains: Chains, labels: Labels) -> None:
        """Start from the newest versions; the canvas keeps `labels` and changes them."""
        self.stride = chains.stride
        self.labels = labels
        self.old = labels.copy()
        kinds = class_of(labels)
        self.words = self._words(kinds)
        self.changed = np.zeros(chains.size, np.uint8)
        self.stirred = np.zeros(chains.size, np.uint8)
        self.stirred_before = np.zeros(chains.size, np.uint8)
        self.blocks = {size: Blocks(size, chains) for size in BLOCK_SIZES}
        self._fill_blocks(kinds)
        self._recent: tuple[Ints, Ints] = (np.zeros(0, np.int64), np.zeros(0, np.int64))

    def _words(self, kinds: Labels) -> Uints:
        words = np.zeros(len(kinds), np.uint32)  # no tile touches the canvas's margin
        margin, last = self.stride + 1, len(kinds) - self.stride - 1
        for begin in range(margin, last, _SLAB):
            end = min(begin + _SLAB, last)
            alike, near = self._around(kinds, begin, end)
            own = words[begin:end]
            own |= kinds[begin:end] * np.uint8(1 | 1 << (OLD_CLASS - CLASS_AT))
            own <<= np.uint32(CLASS_AT - KINDS)
            own |= near
            own <<= np.uint32(KINDS)
            own |= alike
        return words

    def _around(self, kinds: Labels, begin: int, end: int) -> tuple[Bytes, Bytes]:
        """The two lower bytes of some cells' words: who is like them, classes next to them."""
        alike, near = np.zeros((2, end - begin), np.uint8)
        labels = self.labels[begin:end]
        for k, (y, x) in enumerate(AROUND):
            there = slice(begin + y * self.stride + x, end + y * self.stride + x)
            alike |= (labels == self.labels[there]).view(np.uint8) << np.uint8(k)
            if k < 4:  # noqa: PLR2004  the four next to it come first
                near |= kinds[there] << np.uint8(2 * k)
        return alike, near

    def _fill_blocks(self, kinds: Labels) -> None:
        held = (np.uint8(1) << kinds).reshape(-1, self.stride)
        for size in reversed(BLOCK_SIZES):
            high, wide = len(held) // size, self.stride // size
            pieces = held.reshape(high, size, wide, size)
            rows = np.bitwise_or.reduce(pieces, axis=1)
            self.blocks[size].about[:] = np.bitwise_or.reduce(rows, axis=2).ravel()

    def mark(self, cells: Ints) -> None:
        """These cells change: their neighbours are told."""
        self.changed[cells] = 1
        for k, (y, x) in enumerate(AROUND):
            self.stirred[cells - (y * self.stride + x)] |= np.uint8(1 << k)

    def set(self, cells: Ints, labels: Labels) -> None:
        """They have a new label; it is no longer pending. The words are brought up by `settle`."""
        self.old[cells] = self.labels[cells]
        self.labels[cells] = labels
        self.changed[cells] = 0

    def settle(self, cells: Ints) -> None:
        """A version is told, all its cells set: words follow."""
        kinds = class_of(self.labels[cells]).astype(np.uint32)
        self._grow_older(cells, kinds)
        alike = np.zeros(len(cells), np.uint32)
        for k, (y, x) in enumerate(AROUND):
            there = cells + (y * self.stride + x)
            same = (self.labels[cells] == self.labels[there]).astype(np.uint32)
            alike |= same << np.uint32(k)
            self._tell(there, same, kinds, _OPPOSITE[k])
        self._put(cells, alike, (0, 8))
        self._forget()
        self._recent = cells, self._recent[0]

    def _grow_older(self, cells: Ints, kinds: Uints) -> None:
        last, before = self._recent
        self._put(before, np.uint32(3), (AGE, 2))
        self._put(last, np.uint32(2), (AGE, 2))
        times = (self.words[cells] >> np.uint32(CHANGES)) & np.uint32(3)
        was = class_of(self.old[cells]).astype(np.uint32)
        past = np.uint32(1) | (np.minimum(times + np.uint32(1), np.uint32(3)) << np.uint32(2))
        self._put(cells, kinds | (past << np.uint32(2)) | (was << np.uint32(6)), (CLASS_AT, 8))

    def _tell(self, there: Ints, same: Uints, kinds: Uints, side: int) -> None:
        """Neighbours learn whether the cell on that side of them is like them, and its class."""
        keep, value = 1 << side, same << np.uint32(side)
        if side < 4:  # noqa: PLR2004  the four next to it come first
            keep |= 3 << (KINDS + 2 * side)
            value |= kinds << np.uint32(KINDS + 2 * side)
        self.words[there] = (self.words[there] & np.uint32(~keep & 0xFFFFFFFF)) | value

    def _forget(self) -> None:
        """What was stirred in this version is what was stirred before the next."""
        for y, x in AROUND:
            self.stirred_before[self._recent[0] - (y * self.stride + x)] = 0
        self.stirred, self.stirred_before = self.stirred_before, self.stirred

    def _put(self, cells: Ints, value: Uints | np.uint32, field: tuple[int, int]) -> None:
        shift, width = field
        keep = np.uint32(~(((1 << width) - 1) << shift) & 0xFFFFFFFF)
        self.words[cells] = (self.words[cells] & keep) | (value << np.uint32(shift))

    def settle_blocks(self, flagged: dict[int, tuple[Ints, Ints]]) -> None:
        """Blocks follow: size -> (index, cells changed)."""
        side = np.arange(4)
        for size in reversed(BLOCK_SIZES):
            blocks, (index, amount) = self.blocks[size], flagged[size]
            blocks.settle(index, amount)
            row, column = np.divmod(index, blocks.stride)
            if size == BLOCK_SIZES[-1]:
                first = row * size * self.stride + column * size
                inside = first[:, None] + (side[:, None] * self.stride + side).ravel()
                held = np.uint8(1) << class_of(self.labels[inside])
            else:
                part = self.blocks[size // 2]
                first = row * 2 * part.stride + column * 2
                inside = first[:, None] + [0, 1, part.stride, part.stride + 1]
                held = part.about[inside] & np.uint8(15)
            classes = np.bitwise_or.reduce(held, axis=1)
            blocks.about[index] = (blocks.about[index] & np.uint8(0xF0)) | classes
