"""A crash, and a stop, between every two steps of a flush; and what changes before the replay."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.evidence.oracle import Registration
from support.evidence.proof import Report, compare
from support.faults.rig import (
    Place,
    Source,
    oracle_of,
    registry_of,
    sink_on,
    take_up,
)
from support.faults.steps import STEPS, Crash, CrashError, Notes, Stop

from schemas.lineage import Partition
from streams.registry import Registrations, Registry
from streams.sink import Sink

History = list[tuple[int, Registration]]


def _history(source: Source) -> History:
    return [(1, one) for one in source.fleet.registrations()]


async def _flush(sink: Sink, source: Source, reached: dict[Partition, int], end: int) -> None:
    """Let a sink collect everything up to an offset, and flush it."""
    for partition, first in reached.items():
        if first < end:
            chunk = source.chunk(partition, first, end)
            assert await sink.add(chunk, lambda: None) is None
            reached[partition] = end
    await sink.drain()


def _report(place: Place, source: Source, history: History, end: int) -> Report:
    followers = place.followers()
    for follower in followers.values():
        follower.poll()
    ends = dict.fromkeys(source.all(), end - 1)
    return compare(followers, source.logs(ends, oracle_of(history)))


def test_the_steps_are_those_that_a_flush_tells(place: Place, source: Source) -> None:
    notes = Notes()
    sink = sink_on(place, registry_of(_history(source)), step=notes)
    asyncio.run(_flush(sink, source, take_up(sink, source.all()), 40))
    assert set(notes.steps) == set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    place: Place, source: Source, step: str
) -> None:
    async def story() -> None:
        crash = Crash(step)
        first = sink_on(place, registry_of(_history(source)), step=crash)
        await _flush(first, source, take_up(first, source.all()), 40)
        assert isinstance(first.failed, CrashError)
        second = sink_on(place, registry_of(_history(source)))
        await _flush(second, source, take_up(second, source.all()), 90)
        assert second.failed is None

    asyncio.run(story())
    _report(place, source, _history(source), 90).check()


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_stopped_at_any_step_harms_nothing_when_it_goes_on(
    place: Place, source: Source, step: str
) -> None:
    async def story() -> None:
        stop = Stop(step)
        zombie = sink_on(place, registry_of(_history(source)), step=stop)
        reached = take_up(zombie, source.all())
        flush = asyncio.ensure_future(_flush(zombie, source, reached, 40))
        if step == "acknowledging":  # this one is told in the event loop itself
            stop.resume()
        await asyncio.to_thread(stop.happened.wait)
        owner = sink_on(place, registry_of(_history(source)))
        await _flush(owner, source, take_up(owner, source.all()), 60)
        stop.resume()
        await flush
        await _flush(zombie, source, reached, 90)
        await _flush(owner, source, dict.fromkeys(source.all(), 60), 100)
        assert (owner.failed, zombie.failed) == (None, None)

    asyncio.run(story())
    _report(place, source, _history(source), 100).check()


CHANGES: dict[str, dict[str, Any]] = {
    "moves to the US": {"country": "US"},
    "moves to the EU": {"country": "DE"},
    "moves to where nobody is served": {"country": "GB"},
    "withdraws the consent": {"consents": frozenset()},
    "cancels the account": {"cancelled": True},
}


class PresentState(Registry):
    """Looks up what is registered now, whenever the record came."""

    def as_of(
        self, devices: Sequence[str], indices: NDArray[np.integer], times: NDArray[np.int64]
    ) -> Registrations:
        return super().as_of(devices, indices, np.full_like(times, 2**61))


def _changed_between_crash_and_replay(
    place: Place, source: Source, changes: dict[str, Any], *, kind: type[Registry], half: str
) -> Report:
    """A worker dies when only one region has its commit; everybody changes; another replays."""
    history = _history(source)
    later = source.ingest_time(45)
    after = history + [(later, replace(one, **changes)) for _, one in history]

    async def story() -> None:
        crash = Crash(f"compared/{half}", whole=False)
        first = sink_on(place, registry_of(history, kind), step=crash)
        await _flush(first, source, take_up(first, source.all()), 40)
        assert crash.happened
        second = sink_on(place, registry_of(after, kind))
        await _flush(second, source, take_up(second, source.all()), 90)
        assert second.failed is None

    asyncio.run(story())
    return _report(place, source, after, 90)


@pytest.mark.parametrize("half", ["eu", "us", "dead_letters"])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_between_a_crash_and_its_replay_changes_nothing(
    place: Place, source: Source, change: str, half: str
) -> None:
    report = _changed_between_crash_and_replay(
        place, source, CHANGES[change], kind=Registry, half=half
    )
    report.check()


def test_region_by_the_present_state_puts_rows_into_two_regions_or_none(
    place: Place, source: Source
) -> None:
    report = _changed_between_crash_and_replay(
        place, source, {"country": "US"}, kind=PresentState, half="us"
    )
    with pytest.raises(AssertionError, match="not to be here"):
        report.check()
    other = Place(f"{place.url}/other", "")
    other.create()
    report = _changed_between_crash_and_replay(
        other, source, {"country": "US"}, kind=PresentState, half="eu"
    )
    with pytest.raises(AssertionError, match="lost"):
        report.check()
