"""When a broker is asked for what: a topic in which nothing happens must not hold up a busy one.

aiokafka has one request a broker under way, and a broker that has nothing new answers late, so
that slow topics are fetched seldom. While chunks of a busy partition wait for room, aiokafka asks
for the others alone: the busy one, which has room again some milliseconds later, would wait until
the broker has waited for what does not come. So it was for a quarter of a worker's time.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

_BRIEFLY_MS = 20
"""How long a broker may wait for what it does not have, while something else is to be read soon."""

_SELDOM = 0.5
"""Seconds between two such requests: more often, a slow topic would come in tiny chunks."""


class ConsiderateFetcher(Fetcher):  # type: ignore[misc]  # aiokafka has no types
    """Asks for nothing that will not be read, and does not wait long while other things are to do.

    While something that was fetched waits to be read, its broker is asked for more briefly, and
    seldom; while partitions are still to be taken up, briefly.
    """

    _is_read: Callable[[TopicPartition], bool]
    _asked: dict[int, float]

    @classmethod
    def instead_of(cls, fetcher: Fetcher, is_read: Callable[[TopicPartition], bool]) -> None:
        """Let a fetcher, which aiokafka makes itself, be one of these.

        Args:
            fetcher: Just started.
            is_read: Whether what is fetched of a partition will be read: it was taken up.
        """
        fetcher.__class__ = cls
        fetcher._is_read, fetcher._asked = is_read, {}

    def _get_actions_per_node(self, assignment: Any) -> tuple[Any, ...]:  # noqa: ANN401  # aiokafka's
        """Leave out partitions that are not read, and requests whose time has not come."""
        requests, *others = super()._get_actions_per_node(assignment)
        busy = {self._select_read_replica(tp) for tp in self._records if self._is_read(tp)}
        is_brief = not all(map(self._is_read, assignment.tps))
        asked = []
        for node, request in requests:
            request._topics = [*self._read_topics(request)]
            if request._topics and (node not in busy or self._is_time(node)):
                if is_brief or node in busy:
                    request._max_wait_ms = _BRIEFLY_MS
                asked.append((node, request))
        return (asked, *others)

    def _read_topics(self, request: FetchRequest) -> Iterator[tuple[str, list[Any]]]:
        for topic, places in request.topics:
            if read := [one for one in places if self._is_read(TopicPartition(topic, one[0]))]:
                yield topic, read

    def _is_time(self, node: int) -> bool:
        now = time.monotonic()
        if now - self._asked.get(node, 0.0) < _SELDOM:
            return False
        self._asked[node] = now
        return True
