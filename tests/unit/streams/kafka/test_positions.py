from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from schemas.lineage import Partition
from streams.kafka.positions import first_offset, to_pin
from streams.kafka.transport.consumer import Outcome, settled_offset

versions = st.dictionaries(
    st.sampled_from(["eu", "us", "dead_letters"]), st.none() | st.integers(-1)
)


@given(versions, st.integers(0))
def test_reading_begins_behind_what_every_destination_holds(
    known: dict[str, int | None], log_start: int
) -> None:
    first = first_offset(known, log_start)
    held = [version for version in known.values() if version is not None]
    assert first == (min(held) + 1 if held else log_start)


@given(st.dictionaries(st.integers(0, 9), versions))
def test_exactly_the_destinations_that_know_nothing_are_pinned(
    by_number: dict[int, dict[str, int | None]],
) -> None:
    known = {Partition("t", "i", number): found for number, found in by_number.items()}
    starts = {partition: 100 + partition.number for partition in known}
    pinned = {
        (destination, partition): start
        for destination, pins in to_pin(known, starts).items()
        for partition, start in pins.items()
    }
    assert pinned == {
        (destination, partition): starts[partition]
        for partition, found in known.items()
        for destination, version in found.items()
        if version is None
    }


@given(st.lists(st.sampled_from(["acknowledged", "refused", "open"]), max_size=12))
def test_the_group_offset_never_passes_a_chunk_that_is_open(states: list[str]) -> None:
    outcomes = deque(
        Outcome(10 * (i + 1), state == "acknowledged", state == "refused")
        for i, state in enumerate(states)
    )
    offset = settled_offset(outcomes)
    settled = states[: states.index("open")] if "open" in states else states
    last = max((i for i, state in enumerate(settled) if state == "acknowledged"), default=None)
    assert offset == (None if last is None else 10 * (last + 1))
    assert len(outcomes) == len(states) - len(settled)
