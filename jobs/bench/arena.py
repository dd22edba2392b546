"""A Kafka and an S3 server of our own, where contenders take turns on one topic's records."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from jobs import topics
from jobs.bench import stores
from jobs.bench.contenders import Bench, Contender
from jobs.bench.measure import Measurement, measure
from jobs.bench.workload.publish import Headers, publish
from jobs.bench.workload.readings import Record
from jobs.demo.broker import Broker
from jobs.demo.jars import default_cache
from jobs.kafka import Cluster, Topic
from schemas.settings import Settings
from schemas.tables import Table

Say = Callable[[str], None]
"""Told what happens now."""

_PARTITIONS = 4
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Arena:
    """Where contenders take turns; `arena` opens one.

    Attributes:
        store: The S3 server's name.
    """

    store: str
    _bench: Bench
    _say: Say

    def publish(self, topic: str, records: Iterable[Record], headers: Headers = None) -> None:
        """Put records into a topic."""
        self._say(f"publishing to {topic}")
        count = publish(self._bench.bootstrap_servers, topic, records, headers)
        self._say(f"published {count:,} records to {topic}")

    def rounds(
        self, contenders: Mapping[Contender, int], table: Table, rounds: int
    ) -> dict[Contender, list[Measurement]]:
        """Let each contender read so many records, one after the other, and again."""
        runs: dict[Contender, list[Measurement]] = {contender: [] for contender in contenders}
        for _ in range(rounds):
            for contender, records in contenders.items():
                runs[contender].append(self.run(contender, table, records))
        return runs

    def run(self, contender: Contender, table: Table, records: int) -> Measurement:
        """Let one contender read so many records of the table's topic, from their beginning."""
        with contender.running(self._bench, self._topic(table)) as (process, progress):
            measured = measure(process, progress, records=records, within=_PATIENCE)
        self._say(
            f"{contender.name}: {measured.records:,} records, "
            f"{measured.records_per_second:,.0f}/s, {measured.cpu_us_per_record:.2f} us each"
        )
        return measured

    def _topic(self, table: Table) -> Topic:
        with Cluster(self._bench.bootstrap_servers) as cluster:
            return cluster.topics([table.topic])[table.topic]


@contextmanager
def arena(folder: Path, environment: Mapping[str, str], say: Say) -> Iterator[Arena]:
    """Start Kafka and an S3 server, with empty topics, and stop them in the end.

    Args:
        folder: For what they keep; not there yet.
        environment: Of every program that is started.
        say: Told what happens now.

    Raises:
        PartError: One did not get ready.
    """
    cache = default_cache(environment)
    with (
        Broker(folder / "kafka", cache=cache) as broker,
        stores.running(folder / "s3", environment) as store,
    ):
        settings = replace(Settings(), bootstrap_servers=broker.address, partitions=_PARTITIONS)
        with Cluster(broker.address) as cluster:
            topics.carry_out(topics.plan(settings), cluster)
        logs = folder / "logs"
        logs.mkdir()
        yield Arena(store.name, Bench(environment, broker.address, store.url, logs), say)
