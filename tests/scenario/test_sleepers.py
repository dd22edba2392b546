"""A worker that sleeps between its put and its commit, while others clean up behind it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.evidence.proof import compare
from support.faults.rig import (
    Place,
    Source,
    oracle_of,
    registry_of,
    sink_on,
    take_up,
    wall_clock,
)

from schemas.errors import StoreUnavailableError
from storage.layout import object_key


@dataclass(slots=True)
class Sleeper:
    """At a step, once: a while passes, every orphan is removed, and the store may be away.

    Attributes:
        slept: How long it slept so far.
        puts: Files that were put.
    """

    place: Place
    at: str
    sleep: timedelta
    away: bool
    slept: timedelta = timedelta(0)
    puts: int = 0
    removed: list[str] = field(default_factory=list)

    def __call__(self, step: str) -> None:
        self.puts += step == "putting/eu"
        if step == self.at and not self.removed:
            self.slept = self.sleep
            self._remove_orphans()
            if self.away:
                raise StoreUnavailableError("the store went away, just now")

    def clock(self) -> datetime:
        return wall_clock() + self.slept

    def _remove_orphans(self) -> None:
        destination = self.place.destinations()["eu"]
        live = {object_key(destination.table.name, file.path) for file in destination.live()}
        there = {one.key for one in destination.store.list(f"{destination.table.name}/date=")}
        self.removed = sorted(there - live)
        destination.store.delete(self.removed)


def _flush(place: Place, source: Source, sleeper: Sleeper) -> None:
    history = [(1, one) for one in source.fleet.registrations()]

    async def story() -> None:
        sink = sink_on(place, registry_of(history), step=sleeper, clock=sleeper.clock)
        take_up(sink, source.all())
        for partition in source.all():
            assert await sink.add(source.chunk(partition, 0, 60), lambda: None) is None
        await sink.drain()
        assert sink.failed is None

    asyncio.run(story())
    followers = place.followers()
    for follower in followers.values():
        follower.poll()
        follower.look_for_missing()
    compare(followers, source.logs(dict.fromkeys(source.all(), 59), oracle_of(history))).check()


def test_a_file_that_was_swept_before_its_commit_is_put_again_after_it(
    place: Place, source: Source
) -> None:
    sleeper = Sleeper(place, "compared/eu", timedelta(hours=30), away=False)
    _flush(place, source, sleeper)
    assert sleeper.puts == 2 * len(sleeper.removed) > 0


def test_files_of_more_than_an_hour_are_not_committed_but_put_anew(
    place: Place, source: Source
) -> None:
    sleeper = Sleeper(place, "compared/eu", timedelta(hours=2), away=True)
    _flush(place, source, sleeper)
    assert sleeper.puts == 2 * len(sleeper.removed) > 0
    there = place.followers()["fleet.telemetry", "eu"].objects()
    assert not there & {key.partition("/")[2] for key in sleeper.removed}


def test_files_that_are_fresh_are_committed_as_they_are(place: Place, source: Source) -> None:
    sleeper = Sleeper(place, "put/eu", timedelta(0), away=False)
    sleeper.removed = ["nothing is to be removed"]
    _flush(place, source, sleeper)
    assert sleeper.puts == len(place.destinations()["eu"].live())
