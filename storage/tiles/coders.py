"""The two ends of a conversation: who takes the answers, and who has them."""

import numpy as np
from numpy.typing import NDArray

from storage.tiles.context_table import ContextTable
from storage.tiles.model.decisions import Bits, Contexts, Ints, Question, Truth
from storage.tiles.rans import PRECISION, Decoder, Uints, Words, deal, encode

_ONE = 1 << PRECISION
_NO_DEAL = deal(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
_PRICE = -np.log2(np.maximum(np.arange(_ONE + 1), 1) / _ONE) / 8
"""Chance in 1/16384 -> bytes that the answer costs."""


class Recorder:
    """The encoder's coder: takes the truth, and turns it into words at the end."""

    def __init__(self, table: ContextTable, devices: int) -> None:
        """Expect chunks 0 to `devices` - 1."""
        self._table = table
        self._devices = devices
        self._chances: list[Uints] = []
        self._bits: list[Bits] = []
        self._counts: list[Ints] = []

    def __call__(self, question: Question, contexts: Contexts, chunk: Ints, truth: Truth) -> Bits:
        """Take the answers; see `decisions.Coder`."""
        if not len(chunk):
            return np.zeros(0, bool)
        bits = truth()
        self._chances.append(self._table.chances(question, contexts))
        self._bits.append(bits)
        self._counts.append(np.bincount(chunk, minlength=self._devices))
        return bits

    def costs(self) -> NDArray[np.float64]:
        """(devices,) bytes that the answers are worth."""
        costs = np.zeros(self._devices)
        for chances, bits, counts in zip(self._chances, self._bits, self._counts, strict=True):
            price = _PRICE.take(np.where(bits, chances, _ONE - chances))
            bounds = np.cumsum(counts)
            total = np.append(0.0, np.cumsum(price))
            costs += total[bounds] - total[bounds - counts]
        return costs

    def words(self, lanes: Ints) -> tuple[Uints, list[Words]]:
        """The states and words of all lanes, given how many each chunk has, at least one."""
        first = np.cumsum(lanes) - lanes
        return encode(
            np.concatenate([np.zeros(0, np.uint32), *self._chances]),
            np.concatenate([np.zeros(0, bool), *self._bits]),
            [deal(counts, lanes, first) for counts in self._counts],
            int(lanes.sum()),
        )


class Reader:
    """The decoder's coder: finds the answers in the words."""

    def __init__(self, table: ContextTable, decoder: Decoder, lanes: Ints) -> None:
        """Read chunks with so many lanes each from one decoder."""
        self._table = table
        self._decoder = decoder
        self._lanes = lanes
        self._first = np.cumsum(lanes) - lanes
        self._counts = np.zeros(0, np.int64)
        self._deal = _NO_DEAL

    def __call__(self, question: Question, contexts: Contexts, chunk: Ints, truth: Truth) -> Bits:
        """Find the answers; see `decisions.Coder`."""
        del truth
        if not len(chunk):
            return np.zeros(0, bool)
        counts = np.bincount(chunk, minlength=len(self._lanes))
        if not np.array_equal(counts, self._counts):  # the same blocks are asked about in turns
            self._counts, self._deal = counts, deal(counts, self._lanes, self._first)
        return self._decoder.pull(self._deal, self._table.chances(question, contexts))

    def is_exhausted(self) -> bool:
        """Whether all was read that there is, and it was what an encoder wrote."""
        return self._decoder.is_exhausted()
