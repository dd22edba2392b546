"""The regions: each with its tables' logs, asked on a thread of its own."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from jobs.kafka import Topic
from jobs.lag import names_of, tables_of
from jobs.watch.places.asking import Asker
from jobs.watch.places.table_log import TableLog, TableSeen
from jobs.watch.reach import Place, Reach
from schemas.regions import Region
from storage.lake import Destination


class Regions:
    """Every region of a lake; of one that is away, what was seen before stays.

    Args:
        lake: Every destination, by table and region.
        within: A region that takes longer to answer is away.
    """

    def __init__(self, lake: Mapping[tuple[str, Region], Destination], within: timedelta) -> None:
        self._logs: dict[Region, list[TableLog]] = {}
        for (_, region), destination in sorted(lake.items()):
            self._logs.setdefault(region, []).append(TableLog(destination))
        self._askers = {one: Asker(Place.REGION, one, within) for one in self._logs}
        self._seen: dict[Region, list[TableSeen]] = {}

    def look(self, topics: Iterable[Topic], now: datetime) -> dict[Region, Reach]:
        """Catch up with every log, in all regions at once.

        Args:
            topics: Whose partitions' versions are wanted.
            now: The time.
        """
        wanted = list(topics)
        answers = {
            region: asker.ask(partial(self._look_at, region, wanted, now), now)
            for region, asker in self._askers.items()
        }
        reaches = {}
        for region, answer in answers.items():
            reaches[region], seen = answer()
            if seen is not None:
                self._seen[region] = seen
        return reaches

    @property
    def tables(self) -> list[TableSeen]:
        """Every destination that was seen yet, as it was last seen."""
        return [one for seen in self._seen.values() for one in seen]

    def versions(self, topic: Topic) -> list[Mapping[str, int | None]]:
        """What each of a topic's destinations holds, by application id."""
        return [
            {**dict.fromkeys(names_of(topic)), **one.versions}
            for one in self.tables
            if one.destination.table.name in tables_of(topic.name)
        ]

    def close(self) -> None:
        """Ask no more."""
        for asker in self._askers.values():
            asker.close()

    def _look_at(self, region: Region, topics: Iterable[Topic], now: datetime) -> list[TableSeen]:
        return [one.look(_names(one.destination, topics), now) for one in self._logs[region]]


def _names(destination: Destination, topics: Iterable[Topic]) -> Iterator[str]:
    for topic in topics:
        if destination.table.name in tables_of(topic.name):
            yield from names_of(topic)
