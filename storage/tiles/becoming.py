"""What changed cells become: a class, and where that is a segment, which one."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from storage.tiles.canvas import AROUND, Canvas, Change
from storage.tiles.decisions import Bits, Coder, Ints, Question
from storage.tiles.labels import CLASS, Labels, spell

Bytes = NDArray[np.uint8]

SEGMENT = 3
_CLASSES = 4
_MOST = 8
"""Segments in a palette; a tile with more spells the label of each cell."""
_WAITING = 4
"""Class of a neighbour that changes too and is not told yet."""


@dataclass(frozen=True, slots=True)
class Palettes:
    """The segments that cells of a tile become: (n, 8) labels, (n,) how many; 0 where too many."""

    labels: Labels
    count: Ints
    spelt: Bits


class Tiles(Protocol):
    """The tiles told together."""

    @property
    def goals(self) -> Bytes:
        """(n,) classes that cells become, a bit each."""

    @property
    def chunk(self) -> Ints:
        """(n,) chunk."""

    @property
    def palettes(self) -> Palettes:
        """Segments that cells become."""


def targets(
    coder: Coder, known: tuple[Bytes, Bytes], chunk: Ints, change: Change
) -> tuple[Bytes, Palettes]:
    """Tell which classes cells become in each tile, and which segments.

    Args:
        coder: Answers.
        known: (n,) what this told of the version before, and the classes the tile holds.
        chunk: (n,) chunk of the tile.
        change: The encoder's.
    """
    before, held = (bits.astype(np.int64) for bits in known)
    goals = np.zeros(len(chunk), np.int64)
    answers = _Answers(change, len(chunk))
    for kind in range(_CLASSES):
        contexts = [((side * 16) + goals) * _CLASSES + kind for side in (before, held)]
        goals |= (
            coder(
                Question.TARGET,
                contexts,
                chunk,
                lambda kind=kind: answers.becomes(kind),  # type: ignore[misc]
            ).astype(np.int64)
            << kind
        )
    return goals.astype(np.uint8), _palettes(
        coder, np.flatnonzero(goals >> SEGMENT), chunk, answers
    )


class _Answers:
    """What the encoder knows of the tiles."""

    def __init__(self, change: Change, n: int) -> None:
        self._change = change
        self._n = n
        self._palettes: tuple[Labels, Ints] | None = None

    def becomes(self, kind: int) -> Bits:
        """(n,) whether any cell of the tile becomes this class."""
        bits = np.zeros(self._n, bool)
        bits[self._change.tile[CLASS[self._change.labels] == kind]] = True
        return bits

    def palettes(self) -> tuple[Labels, Ints]:
        """(n, 8) segments that cells become, in order, and (n,) how many there are."""
        if self._palettes is None:
            self._palettes = self._collect()
        return self._palettes

    def _collect(self) -> tuple[Labels, Ints]:
        segment = self._change.labels >= SEGMENT
        label = self._change.labels[segment].astype(np.int64)
        tile, label = np.divmod(np.unique(self._change.tile[segment] * 256 + label), 256)
        count = np.bincount(tile, minlength=self._n)
        rank = np.arange(len(tile)) - (np.cumsum(count) - count)[tile]
        labels = np.zeros((self._n, _MOST), np.uint8)
        fits = rank < _MOST
        labels[tile[fits], rank[fits]] = label[fits]
        return labels, count


def _palettes(coder: Coder, tiles: Ints, chunk: Ints, answers: _Answers) -> Palettes:
    n = len(chunk)
    labels, count = np.zeros((n, _MOST), np.uint8), np.zeros(n, np.int64)
    for rank in range(_MOST):
        if not len(tiles):
            break
        labels[tiles, rank] = spell(
            coder,
            Question.PALETTE_BIT,
            chunk[tiles],
            lambda tiles=tiles, rank=rank: answers.palettes()[0][tiles, rank],  # type: ignore[misc]
        )
        count[tiles] = rank + 1
        more = coder(
            Question.PALETTE_MORE,
            [np.full(len(tiles), rank)],
            chunk[tiles],
            lambda tiles=tiles, rank=rank: answers.palettes()[1][tiles] > rank + 1,  # type: ignore[misc]
        )
        tiles = tiles[more]
    spelt = np.zeros(n, bool)
    spelt[tiles] = True
    return Palettes(labels, count, spelt)


def become(canvas: Canvas, coder: Coder, asked: tuple[Tiles, Ints, Ints], truth: Labels) -> Labels:
    """Tell what the marked cells become and set them.

    Cells of even rows and columns come first, then those of odd ones, then the rest, who know
    all four neighbours.

    Args:
        canvas: Where they are set.
        coder: Answers.
        asked: The tiles told together; (m,) canvas index of the cells; (m,) their tile.
        truth: The encoder's canvas.
    """
    tiles, cells, where = asked
    labels = np.zeros(len(cells), np.uint8)
    row, column = np.divmod(cells, canvas.stride)
    phase = np.where((row & 1) == (column & 1), row & 1, 2)
    for turn in range(3):
        now = np.flatnonzero(phase == turn)
        if len(now):
            group = _Group(canvas, cells[now], where[now], tiles)
            labels[now] = group.tell(coder, turn, truth)
            canvas.set(cells[now], labels[now])
    return labels


class _Group:
    """Changed cells told together."""

    def __init__(self, canvas: Canvas, cells: Ints, where: Ints, tiles: Tiles) -> None:
        self._cells = cells
        self._chunk = tiles.chunk[where]
        self._goals = tiles.goals[where].astype(np.int64)
        self._own = canvas.labels[cells]
        self._old = canvas.old[cells]
        self._age = (canvas.words[cells] >> np.uint32(18)).astype(np.int64) & 3
        steps = [y * canvas.stride + x for y, x in AROUND]
        self._near = np.stack([canvas.labels[cells + step] for step in steps])
        self._waits = np.stack([canvas.changed[cells + step] for step in steps]) > 0
        self._kinds = np.where(self._waits, _WAITING, CLASS[self._near])
        self._palette = tiles.palettes.labels[where]
        rank = np.arange(_MOST)
        self._out = rank >= tiles.palettes.count[where][:, None]
        self._out |= self._palette == self._own[:, None]
        self._spelt = tiles.palettes.spelt[where]

    def tell(self, coder: Coder, turn: int, truth: Labels) -> Labels:
        """(m,) labels: the class, then the segment."""
        labels = self._classes(coder, turn, truth)
        segment = np.flatnonzero(labels == SEGMENT)
        if len(segment):
            labels[segment] = self._segments(coder, segment, truth)
        return labels

    def _classes(self, coder: Coder, turn: int, truth: Labels) -> Labels:
        own = CLASS[self._own].astype(np.int64)
        possible = self._goals & ~np.where(own < SEGMENT, 1 << own, 0)
        labels = np.full(len(own), 2, np.uint8)
        still = np.arange(len(own))
        for rank, kind in enumerate((0, 1, SEGMENT)):
            may = still[(possible[still] >> kind) & 1 > 0]
            only = possible[may] == 1 << kind
            labels[may[only]] = kind
            ask = may[~only]
            if len(ask):
                contexts = self._class_contexts(ask, own[ask], (rank, kind, turn))
                hit = coder(
                    Question.BECOMES,
                    contexts,
                    self._chunk[ask],
                    lambda ask=ask, kind=kind: CLASS[truth[self._cells[ask]]] == kind,  # type: ignore[misc]
                )
                labels[ask[hit]] = kind
                possible[ask[~hit]] &= ~(1 << kind)
            still = still[labels[still] == 2]  # noqa: PLR2004  a wall until told otherwise
        return labels

    def _class_contexts(self, ask: Ints, own: Ints, asked: tuple[int, int, int]) -> list[Ints]:
        rank, kind, turn = asked
        old, age = CLASS[self._old[ask]].astype(np.int64), self._age[ask]
        beside = (self._kinds[:4, ask] == kind).sum(0)
        corners = np.minimum((self._kinds[4:, ask] == kind).sum(0), 2)
        waits = self._waits[:4, ask].sum(0)
        return [
            (((rank * 16 + self._goals[ask]) * 4 + own) * 4 + old) * 4 + age,
            (((rank * 4 + own) * 5 + beside) * 5 + waits) * 9 + turn * 3 + corners,
        ]

    def _segments(self, coder: Coder, cells: Ints, truth: Labels) -> Labels:
        labels = np.zeros(len(self._cells), np.uint8)
        spelt = cells[self._spelt[cells]]
        if len(spelt):
            labels[spelt] = spell(
                coder,
                Question.LABEL_BIT,
                self._chunk[spelt],
                lambda: truth[self._cells[spelt]],
            )
        still = self._settle(cells[~self._spelt[cells]], labels)
        for rank in range(5 + _MOST):
            if not len(still):
                break
            candidate = self._candidate(rank, still)
            same = (self._palette[still] == candidate[:, None]) & ~self._out[still]
            fits = same.any(1)
            ask, mine = still[fits], candidate[fits]
            if not len(ask):
                continue
            hit = coder(
                Question.BECOMES_LABEL,
                self._label_contexts(ask, mine, min(rank, 5)),
                self._chunk[ask],
                lambda ask=ask, mine=mine: truth[self._cells[ask]] == mine,  # type: ignore[misc]
            )
            labels[ask[hit]] = mine[hit]
            self._out[ask] |= same[fits]
            still = still[labels[still] == 0]
            still = self._settle(still, labels)
        return labels[cells]

    def _candidate(self, rank: int, cells: Ints) -> Labels:
        """What the cell was before, its four neighbours, then the palette in order."""
        if rank == 0:
            return self._old[cells]
        if rank <= 4:  # noqa: PLR2004  neighbours
            return np.where(self._waits[rank - 1, cells], 0, self._near[rank - 1, cells]).astype(
                np.uint8
            )
        return self._palette[cells, rank - 5]

    def _label_contexts(self, ask: Ints, mine: Labels, rank: int) -> list[Ints]:
        agree = ((self._near[:4, ask] == mine) & ~self._waits[:4, ask]).sum(0)
        back = self._old[ask] == mine
        return [((rank * 5 + agree) * 2 + back) * 4 + self._age[ask]]

    def _settle(self, cells: Ints, labels: Labels) -> Ints:
        """A cell with one segment left is told; returns the others."""
        last = (~self._out[cells]).sum(1) == 1
        told = cells[last]
        labels[told] = self._palette[told, np.argmin(self._out[told], axis=1)]
        return cells[~last]
