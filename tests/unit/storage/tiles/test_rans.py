"""The entropy coder: what goes in comes out, in any company."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage.tiles.rans import LOW, PRECISION, Decoder, deal, encode

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), max_size=6))
def test_decisions_come_back_as_they_were(seed: int, calls: list[list[int]]) -> None:
    rng = np.random.default_rng(seed)
    lanes = rng.integers(1, 5, 3)
    first = np.cumsum(lanes) - lanes
    deals = [deal(np.array(counts), lanes, first) for counts in calls]
    total = sum(sum(counts) for counts in calls)
    chances = rng.integers(1, 1 << PRECISION, total).astype(np.uint32)
    bits = rng.random(total) < 0.5
    states, words = encode(chances, bits, deals, int(lanes.sum()))
    decoder = Decoder(
        states,
        np.concatenate([*words, np.zeros(0, np.uint16)]),
        np.array([len(lane) for lane in words], np.int64),
    )
    at = 0
    for call, counts in zip(deals, calls, strict=True):
        end = at + sum(counts)
        np.testing.assert_array_equal(decoder.pull(call, chances[at:end]), bits[at:end])
        at = end
    assert decoder.is_exhausted()


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), seeds)
def test_every_decision_is_dealt_to_one_lane_of_its_chunk(counts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    lanes = rng.integers(1, 6, len(counts))
    first = np.cumsum(lanes) - lanes
    call = deal(np.array(counts), lanes, first)
    owner = np.repeat(np.arange(len(counts)), counts)
    taken = np.zeros(sum(counts), int)
    for step, k in enumerate(call.active.tolist()):
        places = call.start[:k] + step
        taken[places] += 1
        lane = call.lane[:k]
        chunk = owner[places]
        assert ((lane >= first[chunk]) & (lane < first[chunk] + lanes[chunk])).all()
        assert len(np.unique(lane)) == k
    assert (taken == 1).all()


def test_likely_decisions_take_next_to_no_room() -> None:
    n = 1 << 14
    chances = np.full(n, (1 << PRECISION) - 1, np.uint32)
    call = deal(np.array([n]), np.array([1]), np.array([0]))
    states, words = encode(chances, np.ones(n, bool), [call], 1)
    assert len(words[0]) <= 1
    assert states[0] >= LOW
