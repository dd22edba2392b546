"""What an older version makes of cells: the classes they become, and which segments."""

from collections.abc import Callable
from functools import cache

import numpy as np

from storage.tiles.model.canvas import Change
from storage.tiles.model.decisions import Bits, Coder, Ints, Question
from storage.tiles.model.labels import CLASSES, Palettes, class_of, palettes
from storage.tiles.model.sheets import Chains
from storage.tiles.model.vocabulary import Vocabulary

SEGMENT = 3
_LABELS = 256
_TOLD = 32


class Targets:
    """Tells them, and remembers what was told of the version before."""

    def __init__(self, chains: Chains, coder: Coder, vocabulary: Vocabulary) -> None:
        self._chunk = chains.chunk
        self._coder = coder
        self._spoken = vocabulary.device
        self._seen = vocabulary.tile.copy()
        self._last = np.zeros_like(vocabulary.tile)
        self._goals = np.zeros(len(chains.base), np.int64)

    def tell(self, active: Ints, held: Ints, change: Change) -> tuple[Ints, Palettes]:
        """Tell the targets of a version.

        Args:
            active: (n,) the chains that have one.
            held: (n,) classes that the tiles hold in the next newer version, a bit each.
            change: The encoder's.

        Returns:
            (n,) classes that cells become, a bit each, and the segments.
        """
        truth = cache(lambda: _become(change, len(active)))
        before, goals = self._goals[active], np.zeros(len(active), np.int64)
        for kind in range(CLASSES):
            contexts = [(side * 16 + goals) * CLASSES + kind for side in (before, held)]
            bits = self._coder(
                Question.TARGET,
                contexts,
                self._chunk[active],
                lambda kind=kind: truth()[:, kind],  # type: ignore[misc]
            )
            goals |= bits.astype(np.int64) << kind
        self._goals[active] = goals
        return goals, self._segments(active, goals, change)

    def _segments(self, active: Ints, goals: Ints, change: Change) -> Palettes:
        become = np.zeros((len(active), _LABELS), bool)
        some = np.flatnonzero(goals >> SEGMENT)
        if len(some):
            chains = active[some]
            become[some] = self._labels(chains, cache(lambda: _labels(change, len(active))[some]))
            self._seen[chains] |= become[some]
            self._last[chains] = become[some]
        return palettes(become)

    def _labels(self, chains: Ints, truth: Callable[[], Bits]) -> Bits:
        """(m, 256) which segments cells become, for tiles where they become any."""
        spoken = self._spoken[self._chunk[chains]]
        spoken[:, :SEGMENT] = False
        tile, label = np.nonzero(spoken)
        past = self._seen[chains[tile], label] * 2 + self._last[chains[tile], label]
        few = np.minimum(spoken.sum(1), _TOLD - 1)[tile]
        become = np.zeros((len(chains), _LABELS), bool)
        become[tile, label] = self._coder(
            Question.TARGET_LABEL,
            [np.minimum(label, _TOLD - 1) * 4 + past, few * 4 + past],
            self._chunk[chains[tile]],
            lambda: truth()[tile, label],
        )
        return become


def _become(change: Change, n: int) -> Bits:
    """(n, 4) whether any cell of a tile becomes that class."""
    bits = np.zeros((n, CLASSES), bool)
    bits[change.tile, class_of(change.labels)] = True
    return bits


def _labels(change: Change, n: int) -> Bits:
    """(n, 256) whether any cell of a tile becomes that segment."""
    bits = np.zeros((n, _LABELS), bool)
    segment = change.labels >= SEGMENT
    bits[change.tile[segment], change.labels[segment]] = True
    return bits
