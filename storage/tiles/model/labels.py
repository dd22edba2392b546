"""What a cell may be, and how one label is told among candidates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.tiles.model.decisions import Bits, Coder, Contexts, Ints, Question

Labels = NDArray[np.uint8]

CLASSES = 4
"""Unknown, floor, wall, and 3 for the path and every segment."""
ROOM = 16
"""Labels a palette holds. Where there are more, labels are spelt bit by bit."""
_BITS = 8
_LABELS = 256


def class_of(labels: Labels) -> Labels:
    """Labels -> their classes."""
    kinds: Labels = np.minimum(labels, np.uint8(CLASSES - 1))
    return kinds


@dataclass(frozen=True, slots=True)
class Palettes:
    """The labels that are possible.

    Attributes:
        possible: (n, 256) which.
        labels: (n, ROOM) the first of them, in order.
        count: (n,) how many.
        spelt: (n,) whether they are too many.
    """

    possible: Bits
    labels: Labels
    count: Ints
    spelt: Bits


def palettes(possible: Bits) -> Palettes:
    """(n, 256) which labels are possible -> palettes."""
    row, label = np.nonzero(possible)
    count = np.bincount(row, minlength=len(possible))
    rank = np.arange(len(row)) - (np.cumsum(count) - count)[row]
    labels = np.zeros((len(possible), ROOM), np.uint8)
    fits = rank < ROOM
    labels[row[fits], rank[fits]] = label[fits]
    return Palettes(possible, labels, count, count > ROOM)


class Choice:
    """(m,) labels to tell, each one of a palette, candidate by candidate."""

    def __init__(self, choices: tuple[Palettes, Ints], wrong: Labels, chunk: Ints) -> None:
        """Start with palettes and (m,) the row of each, and a label each that it is not."""
        self._palettes, self._row = choices
        self._tried = [wrong]
        self._left = self._palettes.count[self._row] - self._palettes.possible[self._row, wrong]
        self._left[self._palettes.spelt[self._row]] = _LABELS
        self._chunk = chunk
        self.labels = np.zeros(len(chunk), np.uint8)

    def tell(
        self,
        coder: Coder,
        question: Question,
        offers: Sequence[Labels],
        contexts: Callable[[int, Ints, Labels], Contexts],
        truth: Callable[[], Labels],
    ) -> Labels:
        """Tell them: the first of the offers that is right, else which of those left.

        Args:
            coder: Answers.
            question: Asked once a candidate, unless only one is left.
            offers: (m,) labels each, the likeliest first; those not in the palette are not asked.
            contexts: Of an offer: its rank, which labels are asked about, what it is.
            truth: (m,) labels; the encoder's.
        """
        still = self._settle(np.arange(len(self.labels)))
        for rank, offer in enumerate(offers):
            if not len(still):
                return self.labels
            asked = question, rank, contexts
            still = self._offer(coder, asked, (still, offer), truth)
        self._spell(coder, still, lambda: truth()[still])
        return self.labels

    def _offer(
        self,
        coder: Coder,
        asked: tuple[Question, int, Callable[[int, Ints, Labels], Contexts]],
        candidates: tuple[Ints, Labels],
        truth: Callable[[], Labels],
    ) -> Ints:
        """Offer one candidate each; returns the labels that are still to be told."""
        (question, rank, contexts), (still, offer) = asked, candidates
        fits = self._palettes.possible[self._row[still], offer[still]]
        for before in self._tried:
            fits &= offer[still] != before[still]
        self._tried.append(offer)
        ask = still[fits]
        if not len(ask):
            return still
        mine = offer[ask]
        hit = coder(
            question,
            contexts(rank, ask, mine),
            self._chunk[ask],
            lambda: truth()[ask] == mine,
        )
        self.labels[ask[hit]] = mine[hit]
        self._left[ask] -= 1
        self._left[ask[hit]] = 0
        return self._settle(still[self._left[still] > 0])

    def _settle(self, still: Ints) -> Ints:
        """A label with one candidate left is told; returns the others."""
        last = self._left[still] == 1
        told = still[last]
        if len(told):
            left = ~self._out(told)
            row = self._row[told]
            self.labels[told] = self._palettes.labels[row, left.argmax(1)]
        open_: Ints = still[~last]
        return open_

    def _out(self, which: Ints) -> Bits:
        """(k, ROOM) which labels of the palettes are no candidates any more."""
        row = self._row[which]
        labels = self._palettes.labels[row]
        out: Bits = np.arange(ROOM) >= self._palettes.count[row][:, None]
        for tried in self._tried:
            out |= labels == tried[which][:, None]
        return out

    def _spell(self, coder: Coder, still: Ints, truth: Callable[[], Labels]) -> None:
        """Tell which of the candidates left it is; of a tile with too many labels, the label."""
        if not len(still):
            return
        row = self._row[still]
        spelt, out = self._palettes.spelt[row], self._out(still)
        order = np.argsort(out, axis=1, kind="stable")
        left = np.where(spelt, _LABELS, (~out).sum(1))
        listed = np.take_along_axis(self._palettes.labels[row], order, 1)
        number = self._number(
            coder,
            (left, self._chunk[still]),
            lambda: np.where(spelt, truth(), (listed == truth()[:, None]).argmax(1)),
        )
        found = listed[np.arange(len(still)), np.minimum(number, ROOM - 1)]
        self.labels[still] = np.where(spelt, number, found)

    @staticmethod
    def _number(coder: Coder, known: tuple[Ints, Ints], truth: Callable[[], Ints]) -> Ints:
        """(m,) numbers below `left`, the highest bit first, in as many bits as are needed."""
        left, chunk = known
        number = np.zeros(len(left), np.int64)
        for bit in range(_BITS - 1, -1, -1):
            ask = ((left - 1) >> bit).nonzero()[0]
            if len(ask):
                context = bit * 128 + np.minimum(left[ask], ROOM + 1) * 4 + (number[ask] & 3)
                number[ask] = number[ask] * 2 + coder(
                    Question.LABEL_BIT,
                    [context],
                    chunk[ask],
                    lambda ask=ask, bit=bit: (truth()[ask] >> bit) & 1 > 0,  # type: ignore[misc]
                )
        return number


def constant(label: int, n: int) -> Labels:
    """(n,) times the same candidate."""
    return np.full(n, label, np.uint8)
