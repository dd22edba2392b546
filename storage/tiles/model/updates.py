"""A version told by what differs from the next newer one: blocks, cells, and what they become.

All tiles that have a version at this depth are told together. What is asked narrows down from
the classes that cells become, over blocks of 16, 8 and 4 cells, to the cells. Inside a block
cells are asked in six phases, coarse to fine, so that most know neighbours on every side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles.model.becoming import become
from storage.tiles.model.canvas import AGE, BLOCK_SIZES, CLASS_AT, KINDS, Blocks, Canvas, Change
from storage.tiles.model.decisions import Coder, Ints, Question, Shorts, count_true
from storage.tiles.model.labels import Palettes
from storage.tiles.model.sheets import SIDE, Chains
from storage.tiles.model.targets import Targets
from storage.tiles.model.vocabulary import Vocabulary

Bytes = NDArray[np.uint8]

_ASK = {16: Question.CHANGED_16, 8: Question.CHANGED_8, 4: Question.CHANGED_4}
_QUARTERS = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Order in which the blocks of a 2 x 2 grid are asked."""
_TWO_DIAGONAL = ((-2, -2), (-2, 2), (2, -2), (2, 2))
_TWO_STRAIGHT = ((0, -2), (0, 2), (-2, 0), (2, 0))
_PHASES: tuple[tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]], ...] = (
    (((0, 0),), _TWO_DIAGONAL),
    (((2, 2),), _TWO_DIAGONAL),
    (((0, 2), (2, 0)), _TWO_STRAIGHT),
    (((1, 1), (1, 3), (3, 1), (3, 3)), ()),
    (((0, 1), (0, 3), (2, 1), (2, 3)), ()),
    (((1, 0), (1, 2), (3, 0), (3, 2)), ()),
)
"""Cells (y, x) of a 4 x 4 block asked together, and the neighbours known then, () for the next."""
_FRESH = 0x10
"""Of what a block is about: changed in the version before."""
_BITS = np.array([n.bit_count() for n in range(256)], np.int16)


_NOTHING = Change(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0, np.int64))


class Truth:
    """What the encoder knows: the canvas of the version to tell, filled and wiped a version."""

    def __init__(self, chains: Chains) -> None:
        self.changed = np.zeros(chains.size, np.uint8)
        self.labels = np.zeros(chains.size, np.uint8)
        self.blocks = {size: Blocks(size, chains).flags for size in BLOCK_SIZES}
        self.change = _NOTHING
        self._stride = chains.stride

    def load(self, change: Change) -> None:
        """Wipe the last version and take the next."""
        self._mark(0)
        self.change = change
        self._mark(1)
        self.labels[change.cells] = change.labels

    def _mark(self, flag: int) -> None:
        cells = self.change.cells
        self.changed[cells] = flag
        row, column = np.divmod(cells, self._stride)
        for size, flags in self.blocks.items():
            flags[row // size * (self._stride // size) + column // size] = flag


@dataclass(frozen=True, slots=True)
class _Active:
    """Blocks that change.

    Attributes:
        tile: (m,) place of the tile in the list told together.
        row: (m,) canvas row of the first cell.
        column: (m,) its column.
        index: (m,) place among the blocks of their size.
        parent: (m,) place of the larger block in the list of those.
        parents: How many those are.
    """

    tile: Ints
    row: Ints
    column: Ints
    index: Ints
    parent: Ints
    parents: int


class Updates:
    """Tells the older versions of tiles, one depth after the other."""

    def __init__(
        self, chains: Chains, canvas: Canvas, coder: Coder, vocabulary: Vocabulary
    ) -> None:
        self._chains = chains
        self._canvas = canvas
        self._coder = coder
        self._truth = Truth(chains)
        self._targets = Targets(chains, coder, vocabulary)

    def tell(self, active: Ints, truth: Change | None = None) -> Change:
        """Tell the next older version of the `active` chains; the canvas becomes that version.

        Args:
            active: (n,) chains, ascending.
            truth: The encoder's.
        """
        self._truth.load(truth or _NOTHING)
        chunk = self._chains.chunk[active]
        row, column = np.divmod(self._chains.base[active], self._chains.stride)
        top = self._canvas.blocks[16]
        inside = np.arange(SIDE // 16)
        index = (row // 16 * top.stride + column // 16)[:, None]
        index = index + (inside[:, None] * top.stride + inside).ravel()
        held = np.bitwise_or.reduce(top.about[index] & np.uint8(15), axis=1)
        goals, palettes = self._targets.tell(active, held.astype(np.int64), self._truth.change)
        return self._cells(_Tiles(row, column, goals, chunk, palettes))

    def _cells(self, tiles: "_Tiles") -> Change:
        live = np.flatnonzero(tiles.goals)
        none = np.zeros(0, np.int64)
        blocks = _Active(live, tiles.row[live], tiles.column[live], none, none, 0)
        found: list[_Active] = []
        for size, per in ((16, 4), (8, 2), (4, 2)):
            blocks = self._narrow(tiles, blocks, size, per)
            found.append(blocks)
        cells, where, amount = self._ask_cells(tiles, blocks)
        labels = become(self._canvas, self._coder, (tiles, cells, where), self._truth.labels)
        self._canvas.settle(cells)
        self._settle_blocks(found, amount)
        return Change(cells, labels, where)

    def _settle_blocks(self, found: list[_Active], amount: Ints) -> None:
        flagged = {}
        for size, blocks in zip(reversed(BLOCK_SIZES), reversed(found), strict=True):
            flagged[size] = blocks.index, amount
            above = blocks.parents
            amount = np.bincount(blocks.parent, amount, above).astype(np.int64)
        self._canvas.settle_blocks(flagged)

    def _narrow(self, tiles: "_Tiles", parents: _Active, size: int, per: int) -> _Active:
        """Ask which blocks change inside the `parents`, a quarter at a time."""
        blocks = self._canvas.blocks[size]
        first = parents.row // size * blocks.stride + parents.column // size
        goals = tiles.goals.astype(np.int16)
        for turn, (y0, x0) in enumerate(_QUARTERS):
            grid = [(y, x) for y in range(y0, per, 2) for x in range(x0, per, 2)]
            steps = np.array([y * blocks.stride + x for y, x in grid])
            index = (first[:, None] + steps).ravel()
            tile = np.repeat(parents.tile, len(grid))
            truth = self._truth.blocks[size]
            flags = self._coder(
                _ASK[size],
                _block_contexts(blocks, index, turn, goals[tile]),
                tiles.chunk[tile],
                lambda index=index, truth=truth: truth[index] > 0,  # type: ignore[misc]
            )
            blocks.flags[index[flags]] = 1
        y, x = np.divmod(np.arange(per * per), per)
        index = first[:, None] + (y * blocks.stride + x)
        parent, k = np.nonzero(blocks.flags[index])
        row, column = parents.row[parent] + y[k] * size, parents.column[parent] + x[k] * size
        return _Active(parents.tile[parent], row, column, index[parent, k], parent, len(first))

    def _ask_cells(self, tiles: "_Tiles", blocks: _Active) -> tuple[Ints, Ints, Ints]:
        """Ask which cells change; returns cells and tiles, sorted by tile, and cells a block."""
        canvas, stride = self._canvas, self._canvas.stride
        corner = blocks.row * stride + blocks.column
        fours = canvas.blocks[4]
        beside = _straight(fours.flags, blocks.index, fours.stride)
        goals = tiles.goals[blocks.tile].astype(np.int16)
        chunk = tiles.chunk[blocks.tile]
        amount = np.zeros(len(corner), np.int64)
        cells: list[Ints] = []
        tile: list[Ints] = []
        for phase, (places, known) in enumerate(_PHASES):
            steps = np.array([y * stride + x for y, x in places])
            at = (corner[:, None] + steps).ravel()
            each = len(places)
            block = np.stack((goals, beside * 4 + np.minimum(amount, 3).astype(np.int16)))
            contexts = _cell_contexts(canvas, at, (phase, known), np.repeat(block, each, axis=1))
            truth = self._truth.changed
            flags = self._coder(
                Question.CHANGED,
                contexts,
                np.repeat(chunk, each),
                lambda at=at, truth=truth: truth[at] > 0,  # type: ignore[misc]
            )
            hit = flags.nonzero()[0]
            canvas.mark(at[hit])
            amount += np.bincount(hit // each, minlength=len(amount))
            cells.append(at[hit])
            tile.append(blocks.tile[hit // each])
        where = np.concatenate(tile)
        order = np.argsort(where, kind="stable")
        return np.concatenate(cells)[order], where[order], amount


@dataclass(frozen=True, slots=True)
class _Tiles:
    """The tiles told together: place on the canvas, classes that cells become, chunk, segments."""

    row: Ints
    column: Ints
    goals: Ints
    chunk: Ints
    palettes: Palettes


def _straight(flags: Bytes, at: Ints, stride: int) -> Shorts:
    """Flags of the four next to a block or cell: east, south, west, north as bits."""
    around = flags.take(at + 1) | (flags.take(at + stride) << 1)
    around |= (flags.take(at - 1) << 2) | (flags.take(at - stride) << 3)
    return around.astype(np.int16)


def _block_contexts(blocks: Blocks, at: Ints, turn: int, goals: Shorts) -> list[Shorts]:
    stride, flags, about = blocks.stride, blocks.flags, blocks.about
    beside = _straight(flags, at, stride)
    corners = flags.take(at - stride - 1) + flags.take(at - stride + 1)
    corners += flags.take(at + stride - 1)
    corners += flags.take(at + stride + 1)
    own = about.take(at).astype(np.int16)
    near = [about.take(at + step) for step in (1, -1, stride, -stride)]
    classes, age, much = own & 15, (own >> 4) & 3, own >> 6
    around = (near[0] | near[1] | near[2] | near[3]) & 15
    fresh = count_true([n & 0x30 == _FRESH for n in near])
    count = _BITS.take(beside)
    return [
        ((turn * 16 + beside) * 16 + classes) * 4 + age,
        (((turn * 5 + count) * 5 + corners) * 5 + fresh) * 4 + age,
        (goals * 16 + classes) * 16 + around,
        ((goals * 4 + age) * 4 + much) * 3 + np.minimum(count + corners, 2),
    ]


def _cell_contexts(
    canvas: Canvas,
    at: Ints,
    phase: tuple[int, tuple[tuple[int, int], ...]],
    block: Shorts,
) -> list[Shorts]:
    number, known = phase
    word = canvas.words.take(at)
    same, kinds = word.astype(np.uint8), (word >> KINDS).astype(np.uint8)
    past = (word >> AGE).astype(np.int16) & 63
    own = (word >> CLASS_AT).astype(np.int16) & 3
    near = _known(canvas, at, known)
    goals, beside = block
    any_near = near > 0
    straight = near >> 4 if number == 3 else near & 15  # noqa: PLR2004  diagonals in phase 3
    of_own, of_goals = own * 256, goals * 4 + own
    return [
        number * 1024 + of_own + near,
        (of_own + same) * 2 + any_near,
        (of_own + canvas.stirred_before.take(at)) * 4 + (past & 3),
        of_goals * 64 + past,
        (number * 64 + beside) * 4 + own,
        ((number * 16 + (same & 15).astype(np.int16)) * 16 + straight) * 4 + own,
        (of_own + kinds) * 2 + any_near,
        of_goals * 256 + kinds,
    ]


def _known(canvas: Canvas, at: Ints, known: tuple[tuple[int, int], ...]) -> Bytes:
    """Which of some neighbours change, a bit each; of all eight where none are named."""
    if not known:
        return canvas.stirred.take(at)
    near = np.zeros(len(at), np.uint8)
    for k, (y, x) in enumerate(known):
        near |= canvas.changed.take(at + (y * canvas.stride + x)) << k
    return near
