"""An entropy coder for many chunks at once: rANS with interleaved lanes, on numpy vectors.

Every chunk has lanes of its own, and every lane a stream of 16-bit words of its own. A call
codes any number of binary decisions; those of a chunk are dealt out to its lanes in turns, so
one numpy operation moves all lanes of all chunks by one decision. The deal depends on the
chunk alone: it decodes to the same bits in any company.

Source: J. Duda, "Asymmetric numeral systems" (arXiv:1311.2540), and F. Giesen, "Interleaved
entropy coders" (arXiv:1402.3392).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint16]
Uints = NDArray[np.uint32]
Bits = NDArray[np.bool_]

PRECISION = 14
"""Bits of a probability: chances are whole numbers of 1/16384, from 1 to 16383."""
LOW = 1 << 16
"""A lane's state stays in LOW <= state < LOW * 65536, so it fits 32 bits."""
_ONE = np.uint32(1 << PRECISION)
_MASK = np.uint32((1 << PRECISION) - 1)
_BITS = np.uint32(PRECISION)
_WORD = np.uint32(16)


@dataclass(frozen=True, slots=True)
class Deal:
    """How the decisions of a call fall to the lanes, longest lanes first.

    Attributes:
        lane: (k,) the lanes that take part.
        start: (k,) their first decision; a lane's decisions follow each other.
        active: (steps,) how many of the lanes take part in each step.
    """

    lane: Ints
    start: Ints
    active: Ints


def deal(counts: Ints, lanes: Ints, first_lane: Ints) -> Deal:
    """Deal out `counts` decisions a chunk, sorted by chunk, to `lanes` lanes a chunk.

    The first lanes of a chunk get one decision more where they do not come out even.
    """
    if (counts <= lanes).all():
        total = int(counts.sum())
        each = np.arange(total)
        lane = np.repeat(first_lane - (np.cumsum(counts) - counts), counts) + each
        return Deal(lane, each, np.array([total] if total else [], np.int64))
    begin = np.cumsum(counts) - counts
    short, more = np.divmod(counts, lanes)
    length = np.concatenate((short + 1, short))
    size = np.concatenate((more, (lanes - more) * (short > 0)))
    lane = np.concatenate((first_lane, first_lane + more))
    start = np.concatenate((begin, begin + more * (short + 1)))
    order = np.argsort(-length, kind="stable")
    length, size, lane, start = length[order], size[order], lane[order], start[order]
    through = np.cumsum(size)
    turn = np.arange(through[-1]) - np.repeat(through - size, size)
    each = np.repeat(length, size)
    longer = np.searchsorted(-length, -np.arange(int(each[0])), side="left")
    active = np.append(0, through)[longer]
    return Deal(np.repeat(lane, size) + turn, np.repeat(start, size) + turn * each, active)


def encode(chances: Uints, bits: Bits, deals: list[Deal], lanes: int) -> tuple[Uints, list[Words]]:
    """Code all decisions of all calls.

    Args:
        chances: (m,) chance of a one for every decision, calls one after the other.
        bits: (m,) what was decided.
        deals: One a call.
        lanes: Lanes of all chunks together.

    Returns:
        (lanes,) final states and the words of every lane, as the decoder reads them.
    """
    state = np.full(lanes, LOW, np.uint32)
    size = np.where(bits, chances, _ONE - chances).astype(np.uint32)
    offset = np.where(bits, np.uint32(0), chances).astype(np.uint32)
    who: list[Ints] = []
    words: list[Words] = []
    end = len(bits)
    for call in reversed(deals):
        begin = end - _decisions(call)
        held = state[call.lane]
        _push(call, held, (size[begin:end], offset[begin:end]), (who, words))
        state[call.lane] = held
        end = begin
    return state, _split(who, words, lanes)


def _decisions(call: Deal) -> int:
    return int(call.active.sum())


def _push(
    call: Deal, held: Uints, symbols: tuple[Uints, Uints], out: tuple[list[Ints], list[Words]]
) -> None:
    """Put the decisions of a call into the states, last one first; `held` changes."""
    for step in range(len(call.active) - 1, -1, -1):
        k = int(call.active[step])
        place = call.start[:k] + step
        size, state = symbols[0][place], held[:k]
        full = (state >> np.uint32(32 - PRECISION) >= size).nonzero()[0]
        if len(full):
            out[0].append(call.lane[full])
            out[1].append((state[full] & np.uint32(0xFFFF)).astype(np.uint16))
            state[full] >>= _WORD
        quotient = state // size
        held[:k] = (quotient << _BITS) + (state - quotient * size) + symbols[1][place]


def _split(who: list[Ints], words: list[Words], lanes: int) -> list[Words]:
    """Sort the words by lane, in the order in which the decoder asks for them."""
    if not who:
        return [np.zeros(0, np.uint16)] * lanes
    lane = np.concatenate(who[::-1])
    order = np.argsort(lane, kind="stable")
    bounds = np.cumsum(np.bincount(lane, minlength=lanes))[:-1]
    return np.split(np.concatenate(words[::-1])[order], bounds)


class Decoder:
    """The other way: asked for decisions call by call, in the order of the encoder's calls.

    Whatever the words are, it takes no more time than the calls ask for and never reads
    beyond them; `is_exhausted` tells whether they were the encoder's.
    """

    def __init__(self, states: Uints, words: Words, lengths: Ints) -> None:
        """Start from the final states; `words` holds the lanes' streams one after the other."""
        self._state = states.copy()
        self._words = np.append(words, np.uint16(0)).astype(np.uint32)
        self._end = np.cumsum(lengths)
        self._next = self._end - lengths

    def is_exhausted(self) -> bool:
        """Whether every lane is back where the encoder started, its words used up."""
        return bool((self._state == LOW).all() and (self._next == self._end).all())

    def pull(self, call: Deal, chances: Uints) -> Bits:
        """Decide: (m,) chances of a one -> (m,) bits."""
        bits = np.empty(len(chances), bool)
        held = self._state[call.lane]
        place = call.start.copy()
        for k in call.active.tolist():
            at = place[:k]
            chance, state = chances[at], held[:k]
            slot = state & _MASK
            bit = slot < chance
            bits[at] = bit
            scaled = (state >> _BITS) * chance
            state = np.where(bit, scaled + slot, state - scaled - chance)
            low = (state < LOW).nonzero()[0]
            if len(low):
                state[low] = (state[low] << _WORD) | self._read(call.lane[low])
            held[:k] = state
            at += 1
        self._state[call.lane] = held
        return bits

    def _read(self, lane: Ints) -> Uints:
        at = self._next[lane]
        self._next[lane] = at + 1
        return self._words.take(at, mode="clip")
