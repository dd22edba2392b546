"""How far the system is: what Kafka has, and what the tables' logs say became of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.kafka import Cluster
from schemas.lineage import Partition
from schemas.regions import Region
from schemas.tables import STREAMED
from storage.lake import Destination
from storage.log import LogEntry


@dataclass(frozen=True, slots=True)
class Progress:
    """What was published, and how it ended so far.

    Attributes:
        published: Topic -> records.
        rows: (table, region) -> rows that are durable.
        rejected: Reason -> records.
        withheld: Reason -> records.
        blanked: Column and reason -> values that makers' policies took out of what was stored.
        expired: Records that were too old when they came.
        lag: Topic -> records that are not yet in every destination.
    """

    published: Mapping[str, int]
    rows: Mapping[tuple[str, Region], int]
    rejected: Mapping[str, int]
    withheld: Mapping[str, int]
    expired: int
    lag: Mapping[str, int]
    blanked: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_rows(self) -> int:
        """Durable rows of every table but the dead letters."""
        tables = {table.name for table in STREAMED.values()}
        return sum(rows for (table, _), rows in self.rows.items() if table in tables)


class Watch:
    """Follows the tables' logs; every look reads only what is new."""

    def __init__(self, lake: Mapping[tuple[str, Region], Destination], home: Region) -> None:
        """Begin at the logs' beginning.

        Args:
            lake: Every destination, by table's name and region.
            home: The region whose receipts are counted: those of the others say the same.
        """
        self._lake = lake
        self._home = home
        self._read = dict.fromkeys(lake, -1)
        self._versions: dict[tuple[str, Region], dict[str, int]] = {at: {} for at in lake}
        self._rows: Counter[tuple[str, Region]] = Counter()
        self._endings: dict[str, Counter[str]] = {
            kind: Counter() for kind in ("rejected", "withheld", "expired", "blanked")
        }

    def look(self, cluster: Cluster) -> Progress:
        """How far it is now.

        Raises:
            RetryableError: Kafka or the store did not answer; look again.
        """
        ends = self._ends(cluster)  # before the logs, so that no lag is negative
        for at, destination in self._lake.items():
            for entry in destination.entries(self._read[at]):
                self._note(at, entry)
                self._read[at] = entry.version
        return Progress(
            published={topic: sum(each.values()) for topic, each in ends.items()},
            rows=dict(self._rows),
            rejected=dict(self._endings["rejected"]),
            withheld=dict(self._endings["withheld"]),
            expired=self._endings["expired"].total(),
            blanked=dict(self._endings["blanked"]),
            lag={topic: self._lag(topic, each) for topic, each in ends.items()},
        )

    def _ends(self, cluster: Cluster) -> dict[str, dict[Partition, int]]:
        return {
            name: {
                Partition(name, topic.id, number): end
                for number, end in cluster.ends(topic).items()
            }
            for name, topic in cluster.topics(STREAMED).items()
        }

    def _note(self, at: tuple[str, Region], entry: LogEntry) -> None:
        self._versions[at] |= entry.versions
        if entry.receipt is None:
            return
        table, region = at
        self._rows[at] += entry.receipt.rows
        if region != self._home or table not in {one.name for one in STREAMED.values()}:
            return
        for span in entry.receipt.spans:
            for outcome, records in span.outcomes.items():
                kind, _, reason = outcome.partition("/")
                if kind in self._endings:
                    self._endings[kind][reason] += records
            for columns in span.blanked.values():
                self._endings["blanked"].update(columns)

    def _lag(self, topic: str, ends: Mapping[Partition, int]) -> int:
        table = STREAMED[topic].name
        logs = [versions for (name, _), versions in self._versions.items() if name == table]
        return sum(
            end - 1 - min(versions.get(partition.application_id, -1) for versions in logs)
            for partition, end in ends.items()
        )
