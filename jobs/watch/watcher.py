"""One look around: every place is asked at once, and what came back is put together."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from jobs.kafka import Cluster, Topic
from jobs.lag import names_of, tables_of
from jobs.watch.judging.findings import find
from jobs.watch.judging.membership import Membership
from jobs.watch.judging.partitions import KafkaSeen, Partitions
from jobs.watch.judging.tables import table_state
from jobs.watch.places.asking import Asker
from jobs.watch.places.kafka_side import KafkaSide
from jobs.watch.places.table_log import TableLog, TableSeen
from jobs.watch.places.workers import scrape
from jobs.watch.reach import Place, Reach
from jobs.watch.state import State, WorkerState
from schemas.regions import Region
from storage.lake import Destination

WITHIN = timedelta(seconds=5)
"""A place that takes longer to answer is away."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched.

    Attributes:
        cluster: Kafka's address, for people.
        connect: Reaches Kafka.
        group: Of the workers.
        lake: Every destination that they serve, by table and region.
        workers: URLs of their metrics.
        patience: What a record may wait while everything is well.
    """

    cluster: str
    connect: Callable[[], Cluster]
    group: str
    lake: Mapping[tuple[str, Region], Destination]
    workers: tuple[str, ...]
    patience: timedelta


class Watch:
    """Looks around again and again; to be used in one thread, and closed."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._kafka = KafkaSide(watched.connect, watched.group)
        self._logs: dict[Region, list[TableLog]] = {}
        for (_, region), destination in sorted(watched.lake.items()):
            self._logs.setdefault(region, []).append(TableLog(destination))
        self._ask_kafka = Asker(Place.KAFKA, "kafka", WITHIN)
        self._ask_region = {one: Asker(Place.REGION, one, WITHIN) for one in self._logs}
        self._ask_worker = {url: Asker(Place.WORKER, url, WITHIN) for url in watched.workers}
        self._topics: Mapping[str, Topic] = {}
        self._seen: dict[Region, list[TableSeen]] = {}
        self._partitions = Partitions(watched.patience)
        self._membership = Membership(watched.group)
        self._before: State | None = None

    def look(self, now: datetime) -> State:
        """Ask every place; never raises for one that is away, and waits for none very long.

        Args:
            now: The time; later than the last.
        """
        began = time.monotonic()
        workers = {url: one.ask(partial(scrape, url), now) for url, one in self._ask_worker.items()}
        kafka, scene = self._ask_kafka.ask(self._kafka.scene, now)()
        self._topics = scene.topics if scene else self._topics
        regions = self._look_at_regions(now)
        seen = None
        if scene:
            question = partial(self._kafka.waiting, scene, self._versions(), now)
            kafka, waiting = self._ask_kafka.ask(question, now)()
            seen = KafkaSeen(scene.topics, scene.group, waiting) if waiting is not None else None
        found = {url: answer() for url, answer in workers.items()}
        reaches = [kafka, *regions.values(), *(reach for reach, _ in found.values())]
        state = State(
            now,
            timedelta(0),
            self._watched.cluster,
            tuple(sorted(reaches, key=lambda one: one.answers)),
            workers=tuple(
                one or WorkerState(url, answers=False) for url, (_, one) in found.items()
            ),
        )
        self._before = self._told(self._with_tables(self._with_kafka(state, seen), regions))
        return replace(self._before, took=timedelta(seconds=time.monotonic() - began))

    def close(self) -> None:
        """Ask no more."""
        for one in (self._ask_kafka, *self._ask_region.values(), *self._ask_worker.values()):
            one.close()
        self._kafka.close()

    @property
    def _tables(self) -> list[TableSeen]:
        return [one for region in self._seen.values() for one in region]

    def _look_at_regions(self, now: datetime) -> dict[Region, Reach]:
        """Catch up with every log; of a region that is away, what was seen before stays."""
        answers = {
            region: asker.ask(partial(self._look_at, region, now), now)
            for region, asker in self._ask_region.items()
        }
        reaches = {}
        for region, answer in answers.items():
            reaches[region], seen = answer()
            if seen is not None:
                self._seen[region] = seen
        return reaches

    def _look_at(self, region: Region, now: datetime) -> list[TableSeen]:
        return [one.look(self._names(one.destination), now) for one in self._logs[region]]

    def _names(self, destination: Destination) -> Iterator[str]:
        for topic in self._topics.values():
            if destination.table.name in tables_of(topic.name):
                yield from names_of(topic)

    def _versions(self) -> dict[str, list[Mapping[str, int | None]]]:
        return {
            topic.name: [
                {**dict.fromkeys(names_of(topic)), **one.versions}
                for one in self._tables
                if one.destination.table.name in tables_of(topic.name)
            ]
            for topic in self._topics.values()
        }

    def _with_kafka(self, state: State, seen: KafkaSeen | None) -> State:
        if seen is None:
            return state
        partitions = self._partitions.states(seen, self._tables, state.now)
        verdicts = [one.verdict for one in partitions]
        group = self._membership.state(seen.group, verdicts, state.now)
        return replace(state, group=group, partitions=partitions)

    def _with_tables(self, state: State, regions: Mapping[Region, Reach]) -> State:
        tables = self._tables
        states = (
            table_state(one, state.now, answers=regions[one.destination.region].answers)
            for one in tables
        )
        return replace(
            state,
            tables=tuple(sorted(states, key=lambda one: (one.table, one.region))),
            rejected=tuple(rejected for one in tables for rejected in one.rejected),
            breaches=tuple(breach for one in tables for breach in one.breaches),
            covered_from=_earliest(tables),
        )

    def _told(self, state: State) -> State:
        floods = [flood for one in self._tables for flood in one.floods]
        before = self._before.problems if self._before else ()
        return replace(state, problems=find(state, floods, before))


def _earliest(tables: Sequence[TableSeen]) -> datetime | None:
    return min((one.begins for one in tables if one.begins), default=None)
