"""The newest version of every tile: which blocks hold one label, then the cells of the others.

Blocks of 8 x 8, then 4 x 4 cells, then cells are told along a wave that runs over all tiles at
once, from their upper left: whatever is west, north, north-west or north-east of the wave is
known, and of the blocks told before also what lies ahead, and beside the tile.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles.model.decisions import Bits, Coder, Ints, Question, Shorts
from storage.tiles.model.labels import Choice, Labels, Palettes, class_of, constant, palettes
from storage.tiles.model.sheets import SIDE, Chains
from storage.tiles.model.vocabulary import Vocabulary

Tiles = NDArray[np.uint8]

MIXED = 254
"""In a canvas of blocks: more than one label."""
NONE = 255
"""Not told yet, or no tile's."""
PENDING = 253
"""Part of a mixed block, not told yet."""
_HALF = 4
_WHOLE = 8
_KIND = np.where(
    np.arange(256) < PENDING, np.minimum(np.arange(256), 3), 6 - (np.arange(256) - PENDING)
).astype(np.int64)
"""Block -> 0-3 its class, 6 pending, 5 mixed, 4 not told or outside."""
_KINDS = 7


def code(chains: Chains, coder: Coder, vocabulary: Vocabulary, tiles: Tiles | None) -> Labels:
    """Tell the newest version of every tile.

    Args:
        chains: Where the tiles lie.
        coder: Answers the questions.
        vocabulary: Which labels the tiles hold.
        tiles: (c, 64, 64) what they are; None where the coder knows.

    Returns:
        (chains.size,) the canvas; what no tile covers is unknown (0).
    """
    words = palettes(vocabulary.tile)
    whole = _Blocks(_WHOLE, chains, (coder, words), tiles)
    index, wave, tile = whole.of_tiles()
    whole.code((Question.BLOCK_MIXED, Question.BLOCK_LABEL), index, wave, tile)
    half = _Blocks(_HALF, chains, (coder, words), tiles)
    place = half.inherit(whole, index)
    mixed = np.flatnonzero(whole.labels[index] == MIXED)
    index, tile = place[mixed].ravel(), np.repeat(tile[mixed], 4)
    wave = (wave[mixed][:, None] * 2 + np.arange(4)).ravel()
    half.code((Question.HALF_MIXED, Question.HALF_LABEL), index, wave, tile)
    left = np.flatnonzero(half.labels[index] == MIXED)
    cells = _Cells(chains, (coder, words, vocabulary), half, tiles)
    cells.code(half.corner(index[left]), wave[left], tile[left])
    return cells.labels()


class _Blocks:
    """A canvas of blocks: one label each, MIXED, PENDING, or NONE for not told yet."""

    def __init__(
        self,
        size: int,
        chains: Chains,
        conversation: tuple[Coder, Palettes],
        tiles: Tiles | None,
    ) -> None:
        self._size = size
        self._per = SIDE // size
        self._chains = chains
        self._coder, self._words = conversation
        self.stride = chains.stride // size
        self.labels = np.full(chains.size // size**2, NONE, np.uint8)
        self._truth = np.zeros(0, np.uint8) if tiles is None else self._summary(tiles)

    def _summary(self, tiles: Tiles) -> Labels:
        per = tiles.reshape(-1, self._per, self._size, self._per, self._size)
        top, bottom = per.max((2, 4)), per.min((2, 4))
        truth = np.zeros(len(self.labels), np.uint8)
        truth[self.of_tiles()[0]] = np.where((top == bottom) & (top < PENDING), top, MIXED).ravel()
        return truth

    def of_tiles(self) -> tuple[Ints, Ints, Ints]:
        """Index, wave and tile of every block, tile by tile."""
        row, column = np.divmod(self._chains.base, self._chains.stride)
        first = row // self._size * self.stride + column // self._size
        along = np.arange(self._per)
        index = first[:, None] + (along[:, None] * self.stride + along).ravel()
        wave = np.tile((along[:, None] * 2 + along).ravel(), len(first))
        tile = np.repeat(np.arange(len(first)), self._per**2)
        return index.ravel(), wave, tile

    def corner(self, index: Ints) -> Ints:
        """Canvas index of the blocks' first cell."""
        row, column = np.divmod(index, self.stride)
        first: Ints = row * self._size * self._chains.stride + column * self._size
        return first

    def spread(self) -> NDArray[np.uint16]:
        """(chains.size,) the cells of blocks with one label, told; 0 for the others."""
        told = np.where(self.labels < PENDING, self.labels | _TOLD, np.uint16(0))
        square = told.reshape(-1, 1, self.stride, 1)
        cells = np.broadcast_to(square, (len(square), self._size, self.stride, self._size))
        return cells.reshape(-1)

    def inherit(self, whole: "_Blocks", index: Ints) -> Ints:
        """Take over what the larger blocks say; returns the (m, 4) blocks inside each."""
        row, column = np.divmod(index, whole.stride)
        inside = (row * self.stride + column)[:, None] * 2 + [0, 1, self.stride, self.stride + 1]
        label = whole.labels[index]
        self.labels[inside] = np.where(label == MIXED, PENDING, label)[:, None]
        return inside

    def code(
        self, questions: tuple[Question, Question], index: Ints, wave: Ints, tile: Ints
    ) -> None:
        """Tell the blocks, wave by wave."""
        for step in range(int(wave.min(initial=0)), int(wave.max(initial=-1)) + 1):
            now = np.flatnonzero(wave == step)
            if len(now):
                self._wave(questions, index[now], tile[now])

    def _wave(self, questions: tuple[Question, Question], at: Ints, tile: Ints) -> None:
        chunk = self._chains.chunk[tile]
        contexts, near, known = self._look(at)
        mixed = self._coder(questions[0], contexts, chunk, lambda: self._truth[at] == MIXED)
        labels = np.full(len(at), MIXED, np.uint8)
        plain = np.flatnonzero(~mixed)
        context = known[plain]
        choice = Choice((self._words, tile[plain]), constant(NONE, len(plain)), chunk[plain])
        labels[plain] = choice.tell(
            self._coder,
            questions[1],
            [label[plain] for label in near],
            lambda rank, ask, mine: [(context[ask] * 5 + min(rank, 4)) * 4 + class_of(mine)],
            lambda: self._truth[at[plain]],
        )
        self.labels[at] = labels

    def _look(self, at: Ints) -> tuple[list[Ints], list[Labels], Ints]:
        """The contexts of a block, the labels it may have, and what is known of those."""
        labels, down = self.labels, self.stride
        near = [labels[at + step] for step in (-1, -down, 1 - down, -1 - down)]
        w, n, ne, nw = (_KIND[label] for label in near)
        e, s, se, sw, ww, nn = (
            _KIND[labels[at + step]] for step in (1, down, down + 1, down - 1, -2, -2 * down)
        )
        same = (near[0] == near[1]) + 2 * (near[0] == near[3]) + 4 * (near[1] == near[2])
        row, column = np.divmod(at, down)
        spot = (row & 1) * 2 + (column & 1)
        sides = w * _KINDS + n
        ahead = e * _KINDS + s
        contexts = [
            (sides * _KINDS + nw) * _KINDS + ne,
            (same * 49 + ww * _KINDS + nn) * _KINDS + w,
            (spot * 49 + ahead) * 49 + sides,
            (spot * 49 + sw * _KINDS + se) * 49 + ahead,
        ]
        return contexts, near, np.minimum(same * 32 + np.minimum(w, 4) * 5 + np.minimum(n, 4), 255)


def _steps() -> tuple[Ints, Ints]:
    """(12,) how many cells of a 4 x 4 block each wave reaches, and (12, 2) their spots."""
    count, spots = np.zeros(3 * _HALF, np.int64), np.zeros((3 * _HALF, 2), np.int64)
    for spot in range(_HALF**2):
        wave = spot // _HALF * 2 + spot % _HALF
        spots[wave, count[wave]] = spot
        count[wave] += 1
    return count, spots


_REACHED, _SPOTS = _steps()
_PAIRS = np.array([[0, 1, 1, 0, 4, 5], [2, 2, 3, 1, 0, 1]])
"""Neighbours that are compared with each other, by their places in `_neighbours`."""
_TOLD = np.uint16(256)
_WALL = 2


@dataclass(frozen=True, slots=True)
class _Front:
    """The cells that a wave has reached: canvas index, spot (4 y + x) in their block, tile."""

    at: Ints
    spot: Ints
    tile: Ints


class _Cells:
    """The canvas of cells: a label and whether it is told, side by side in one number."""

    def __init__(
        self,
        chains: Chains,
        conversation: tuple[Coder, Palettes, Vocabulary],
        half: _Blocks,
        tiles: Tiles | None,
    ) -> None:
        self._stride = chains.stride
        self._chunk = chains.chunk
        self._coder, self._words, self._vocabulary = conversation
        self._near = _neighbours(chains.stride)
        y, x = np.divmod(np.arange(_HALF**2), _HALF)
        self._inside = y * self._stride + x
        east, south = _HALF - x, (_HALF - y) * self._stride
        self._ahead = np.stack((east, south, east + south, south - _HALF))
        self._told = half.spread()
        self._truth = np.zeros(0 if tiles is None else chains.size, np.uint8)
        if tiles is not None:
            side = np.arange(SIDE)
            inside = (side[:, None] * self._stride + side).ravel()
            self._truth[chains.base[:, None] + inside] = tiles.reshape(-1, SIDE**2)

    def labels(self) -> Labels:
        """The canvas as far as it is told."""
        return self._told.astype(np.uint8)

    def code(self, corner: Ints, wave: Ints, tile: Ints) -> None:
        """Tell the cells of mixed blocks; a block's wave spans ten steps, four a block wave."""
        waves = wave.astype(np.uint8)
        for ahead in range(int(wave.min(initial=0)), int(wave.max(initial=-3)) + 3):
            late = np.uint8(ahead) - waves  # what is not late, but ahead, comes out large
            now = np.flatnonzero(late < 3)  # noqa: PLR2004  twelve steps, four a wave
            begin = late[now] * np.int64(_HALF)
            for step in range(_HALF if len(now) else 0):
                self._wave(self._front(corner[now], begin + step, tile[now]))

    def _front(self, corner: Ints, step: Ints, tile: Ints) -> _Front:
        """The cells that blocks reach at their `step`, in the order of the blocks."""
        block = np.repeat(np.arange(len(step)), _REACHED[step])
        second = np.append(False, block[1:] == block[:-1])[: len(block)]
        spot = _SPOTS.take(step[block] * 2 + second)
        return _Front(corner[block] + self._inside[spot], spot, tile[block])

    def _wave(self, front: _Front) -> None:
        if not len(front.at):
            return
        near = self._told.take(front.at + self._near).astype(np.uint8)
        w, n = near[0], near[1]
        guess = np.where(w == near[2], n, w)
        contexts, shape = self._look(front, near, guess)
        truth, chunk = self._truth, self._chunk[front.tile]
        follows = self._coder(
            Question.CELL_FOLLOWS, contexts, chunk, lambda: truth[front.at] == guess
        )
        labels = guess.copy()
        odd = (~follows).nonzero()[0]
        if len(odd):
            other = np.where(guess == w, n, w)
            labels[odd] = self._other(front, odd, (guess, shape), (other, near[3]))
        self._told[front.at] = labels | _TOLD

    def _other(
        self,
        front: _Front,
        odd: Ints,
        known: tuple[Labels, Shorts],
        offers: tuple[Labels, Labels],
    ) -> Labels:
        """Tell the labels of the `odd` cells, which are not as guessed."""
        guess, context, tile = known[0][odd], known[1][odd], front.tile[odd]
        choice = Choice((self._words, tile), guess, self._chunk[tile])
        return choice.tell(
            self._coder,
            Question.CELL_LABEL,
            [*(offer[odd] for offer in offers), constant(_WALL, len(odd))],
            lambda rank, ask, mine: [(context[ask] * 5 + min(rank, 4)) * 4 + class_of(mine)],
            lambda: self._truth[front.at[odd]],
        )

    def _look(self, front: _Front, near: Labels, guess: Labels) -> tuple[list[Shorts], Shorts]:
        """The contexts of a cell, and the shape of its neighbourhood."""
        shape = _pack(near[_PAIRS[0]] == near[_PAIRS[1]])
        around = _pack(near == guess)
        kind = class_of(guess).astype(np.int16)
        w, n, _, ne = class_of(near[:4])
        kinds = w + 4 * n + 16 * ne.astype(np.int16)
        e, s, se, sw = self._look_ahead(front, guess)
        spot = front.spot.astype(np.int16)
        shape_of_kind = shape + 64 * kind
        ahead = e * 3 + s
        held = self._vocabulary.tile[front.tile, guess]
        contexts = [
            shape + 64 * kinds,
            around,
            ((ahead * 3 + se) * 16 + spot) * 16 + (around & 15),
            (shape_of_kind * 16 + spot) * 3 + sw,
            ((ahead * 4 + kind) * 256 + (around & 255)) * 2 + held,
        ]
        return contexts, shape_of_kind

    def _look_ahead(self, front: _Front, guess: Labels) -> Shorts:
        """(4, m) of the blocks E, S, SE, SW: 0 not told, 1 other, 2 as guessed."""
        there = self._told.take(self._ahead[:, front.spot] + front.at)
        ahead: Shorts = (there >= _TOLD).astype(np.int16) + (there == guess | _TOLD)
        return ahead


def _neighbours(stride: int) -> Ints:
    """(14, 1) steps: W, N, NW, NE, two W, two N, and further out."""
    steps = ((-1, 0), (0, -1), (-1, -1), (1, -1), (-2, 0), (0, -2), (-1, -2), (1, -2))
    further = ((-2, -1), (-3, 0), (0, -3), (2, -2), (-2, -2), (-3, -1))
    return np.array([[y * stride + x] for x, y in steps + further])


def _pack(flags: Bits) -> Shorts:
    """(k, m) flags -> (m,) numbers, the first flag the lowest bit; k up to 15."""
    shifts = np.arange(len(flags), dtype=np.int16)[:, None]
    packed: Shorts = np.bitwise_or.reduce(flags.astype(np.int16) << shifts, axis=0)
    return packed
