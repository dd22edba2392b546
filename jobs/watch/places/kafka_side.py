"""Kafka's side of a look: first what there is, then, once destinations were read, how far it goes.

In between the destinations are read, so that no lag is negative. What is asked grows by no request
with the number of partitions: each answer is about all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from jobs import lag
from jobs.kafka import Cluster, GroupDescription, Topic
from schemas.errors import FortnightError
from schemas.lineage import Partition
from schemas.tables import STREAMED

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is.

    Attributes:
        offsets: What the group has committed, by topic and partition.
    """

    topics: Mapping[str, Topic]
    group: GroupDescription
    offsets: Mapping[tuple[str, int], int]


Times = Callable[[Mapping[Partition, int]], Mapping[Partition, datetime]]
"""Tells when the first record of each partition from an offset on came."""


class KnownTimes:
    """Times of first records; that of one which waited at the last question is known already."""

    def __init__(self) -> None:
        self._known: dict[Partition, tuple[int, datetime]] = {}

    def ask(self, fetch: Times, wanted: Mapping[Partition, int]) -> Mapping[Partition, datetime]:
        """The same as `fetch` tells, which is asked for what is new only."""
        known = {
            one: self._known[one]
            for one, offset in wanted.items()
            if one in self._known and self._known[one][0] == offset
        }
        new = {one: offset for one, offset in wanted.items() if one not in known}
        came = fetch(new)
        self._known = known | {one: (new[one], time) for one, time in came.items()}
        return {one: time for one, (_, time) in self._known.items()}


class KafkaSide:
    """One Kafka cluster; to be used in one thread.

    Args:
        connect: Reaches it; called again after an error.
        group: Of the workers.
    """

    def __init__(self, connect: Callable[[], Cluster], group: str) -> None:
        self._connect = connect
        self._group = group
        self._cluster: Cluster | None = None
        self._times = KnownTimes()

    def scene(self) -> Scene:
        """Topics, group, and what it has committed.

        Raises:
            RetryableError: Kafka does not answer.
            FatalError: Kafka says no.
        """

        def ask(cluster: Cluster) -> Scene:
            topics = cluster.topics(list(STREAMED))
            return Scene(topics, cluster.group(self._group), cluster.group_offsets(self._group))

        return self._asked(ask)

    def waiting(
        self,
        scene: Scene,
        versions: Mapping[str, Sequence[Mapping[str, int | None]]],
        now: datetime,
    ) -> list[lag.Waiting]:
        """What waits of every partition; asks for times where another record is the first.

        Args:
            scene: As it was before the destinations were read.
            versions: Topic -> what each of its destinations holds, by application id.
            now: The time.

        Raises:
            RetryableError: Kafka does not answer.
            FatalError: Kafka says no.
        """

        def ask(cluster: Cluster) -> list[lag.Waiting]:
            found = lag.compare(
                cluster, scene.topics.values(), group_offsets=scene.offsets, versions=versions
            )
            return lag.aged(found, partial(self._times.ask, cluster.first_times), now)

        return self._asked(ask)

    def close(self) -> None:
        """Let the connection go."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _asked(self, ask: Callable[[Cluster], _T]) -> _T:
        if self._cluster is None:
            self._cluster = self._connect()
        try:
            return ask(self._cluster)
        except (FortnightError, OSError):
            self.close()
            raise
