"""One look around: every place is asked at once, and what came back is put together."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from jobs.kafka import Cluster, Topic
from jobs.watch.judging.findings import find
from jobs.watch.judging.membership import Membership
from jobs.watch.judging.partitions import KafkaSeen, Partitions
from jobs.watch.judging.tables import table_state
from jobs.watch.places.addresses import addresses_of
from jobs.watch.places.asking import Asker
from jobs.watch.places.kafka_side import KafkaSide
from jobs.watch.places.regions import Regions
from jobs.watch.places.workers import Workers
from jobs.watch.problems import Problem
from jobs.watch.reach import Place, Reach
from jobs.watch.state import State
from schemas.regions import Region
from storage.lake import Destination

FLUSHES = 3
"""A record may wait for so many before its partition is looked at in earnest."""

EVERY = timedelta(seconds=1)
"""From look to look; one that takes longer is followed at once by the next.

So a stopped worker of the demo wakes somebody within 15 s: see `tests/integration/test_alerts.py`.
"""

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
        workers: URLs of their metrics; a name may stand for several.
        patience: What a record may wait while everything is well.
        token: What workers' metrics ask for; empty: nothing.
    """

    cluster: str
    connect: Callable[[], Cluster]
    group: str
    lake: Mapping[tuple[str, Region], Destination]
    workers: tuple[str, ...]
    patience: timedelta
    token: str = field(default="", repr=False)


class Watch:
    """Looks around again and again; to be used in one thread, and closed."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._kafka = KafkaSide(watched.connect, watched.group)
        self._ask_kafka = Asker(Place.KAFKA, "kafka", WITHIN)
        self._workers = Workers(watched.workers, watched.token, addresses_of)
        self._regions = Regions(watched.lake, WITHIN)
        self._topics: Mapping[str, Topic] = {}
        self._partitions = Partitions(watched.patience)
        self._membership = Membership(watched.group)
        self._problems: tuple[Problem, ...] = ()

    def look(self, now: datetime) -> State:
        """Ask every place; never raises for one that is away, and waits for none very long.

        Args:
            now: The time; later than the last.
        """
        began = time.monotonic()
        asked = self._workers.ask(now)
        kafka, regions, seen = self._look_at_lag(now)
        workers = asked()
        reaches = [kafka, *regions.values(), *(reach for reach, _ in workers)]
        state = State(
            now,
            timedelta(seconds=time.monotonic() - began),
            self._watched.cluster,
            tuple(sorted(reaches, key=lambda one: one.answers)),
            workers=tuple(one for _, one in workers),
        )
        return self._with_problems(self._with_tables(self._with_lag(state, seen), regions))

    def close(self) -> None:
        """Ask no more."""
        self._ask_kafka.close()
        self._workers.close()
        self._regions.close()
        self._kafka.close()

    def _look_at_lag(self, now: datetime) -> tuple[Reach, Mapping[Region, Reach], KafkaSeen | None]:
        """Ask Kafka, then the regions, then Kafka again, so that no lag is negative."""
        kafka, scene = self._ask_kafka.ask(self._kafka.scene, now)()
        self._topics = scene.topics if scene else self._topics
        regions = self._regions.look(self._topics.values(), now)
        if scene is None:
            return kafka, regions, None
        versions = {name: self._regions.versions(topic) for name, topic in scene.topics.items()}
        kafka, waiting = self._ask_kafka.ask(
            partial(self._kafka.waiting, scene, versions, now), now
        )()
        seen = KafkaSeen(scene.topics, scene.group, waiting) if waiting is not None else None
        return kafka, regions, seen

    def _with_lag(self, state: State, seen: KafkaSeen | None) -> State:
        if seen is None:
            return state
        partitions = self._partitions.states(seen, self._regions.tables, state.now)
        verdicts = [one.verdict for one in partitions]
        group = self._membership.state(seen.group, verdicts, state.now)
        return replace(state, group=group, partitions=partitions)

    def _with_tables(self, state: State, regions: Mapping[Region, Reach]) -> State:
        tables = self._regions.tables
        states = (
            table_state(one, state.now, answers=regions[one.destination.region].answers)
            for one in tables
        )
        return replace(
            state,
            tables=tuple(sorted(states, key=lambda one: (one.table, one.region))),
            rejected=tuple(rejected for one in tables for rejected in one.rejected),
            breaches=tuple(breach for one in tables for breach in one.breaches),
            covered_from=min((one.begins for one in tables if one.begins), default=None),
        )

    def _with_problems(self, state: State) -> State:
        floods = [flood for one in self._regions.tables for flood in one.floods]
        self._problems = find(state, floods, self._problems)
        return replace(state, problems=self._problems)
