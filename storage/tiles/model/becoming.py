"""What changed cells become: a class, and where that is a segment, which one."""

from typing import Protocol

import numpy as np

from storage.tiles.model.canvas import AGE, AROUND, Bytes, Canvas
from storage.tiles.model.decisions import Coder, Ints, Question, Shorts, count_true
from storage.tiles.model.labels import Choice, Labels, Palettes, class_of
from storage.tiles.model.targets import SEGMENT

_WAITING = 4
"""Class of a neighbour that changes too and is not told yet."""


class Tiles(Protocol):
    """The tiles told together."""

    @property
    def goals(self) -> Ints:
        """(n,) classes that cells become, a bit each."""

    @property
    def chunk(self) -> Ints:
        """(n,) chunk."""

    @property
    def palettes(self) -> Palettes:
        """Segments that cells become."""


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
        self._goals = tiles.goals[where].astype(np.int16)
        self._own = canvas.labels[cells]
        self._old = canvas.old[cells]
        self._age = (canvas.words.take(cells) >> AGE).astype(np.int16) & 3
        around = cells + np.array([[y * canvas.stride + x] for y, x in AROUND])
        self._near = canvas.labels.take(around)
        self._waits = canvas.changed.take(around) > 0
        self._kinds = np.where(self._waits, _WAITING, class_of(self._near))
        self._palettes, self._where = tiles.palettes, where

    def tell(self, coder: Coder, turn: int, truth: Labels) -> Labels:
        """(m,) labels: the class, then the segment."""
        labels = self._classes(coder, turn, truth)
        segment = np.flatnonzero(labels == SEGMENT)
        if len(segment):
            labels[segment] = self._segments(coder, segment, truth)
        return labels

    def _classes(self, coder: Coder, turn: int, truth: Labels) -> Labels:
        own = class_of(self._own).astype(np.int16)
        waits = count_true(self._waits[:4])
        possible = self._goals & ~np.where(own < SEGMENT, 1 << own, 0)
        labels = np.full(len(own), 2, np.uint8)
        still = np.arange(len(own))
        for rank, kind in enumerate((0, 1, SEGMENT)):
            may = still[(possible[still] >> kind) & 1 > 0]
            only = possible[may] == 1 << kind
            labels[may[only]] = kind
            ask = may[~only]
            if len(ask):
                contexts = self._class_contexts(ask, (own, waits), (rank, kind, turn))
                hit = coder(
                    Question.BECOMES,
                    contexts,
                    self._chunk[ask],
                    lambda ask=ask, kind=kind: class_of(truth[self._cells[ask]]) == kind,  # type: ignore[misc]
                )
                labels[ask[hit]] = kind
                possible[ask[~hit]] &= ~(1 << kind)
            still = still[labels[still] == 2]  # noqa: PLR2004  a wall until told otherwise
        return labels

    def _class_contexts(
        self, ask: Ints, known: tuple[Shorts, Bytes], asked: tuple[int, int, int]
    ) -> list[Shorts]:
        rank, kind, turn = asked
        own, old, age = known[0][ask], class_of(self._old[ask]), self._age[ask]
        alike = self._kinds == kind
        corners = np.minimum(count_true(alike[4:]), 2)
        beside, waits, corners = count_true(alike[:4])[ask], known[1][ask], corners[ask]
        return [
            (((rank * 16 + self._goals[ask]) * 4 + own) * 4 + old) * 4 + age,
            (((rank * 4 + own) * 5 + beside) * 5 + waits) * 9 + turn * 3 + corners,
        ]

    def _segments(self, coder: Coder, cells: Ints, truth: Labels) -> Labels:
        choice = Choice((self._palettes, self._where[cells]), self._own[cells], self._chunk[cells])
        near, waits = self._near[:4, cells], self._waits[:4, cells]
        old, age = self._old[cells], self._age[cells]

        def contexts(rank: int, ask: Ints, mine: Labels) -> list[Shorts]:
            agree = count_true((near[:, ask] == mine) & ~waits[:, ask])
            return [(agree * np.int16(2) + (old[ask] == mine)) * 4 + age[ask] + min(rank, 5) * 40]

        return choice.tell(
            coder,
            Question.BECOMES_LABEL,
            [old, *np.where(waits, 0, near).astype(np.uint8)],
            contexts,
            lambda: truth[self._cells[cells]],
        )
