"""What a look at many partitions costs: a real Kafka, tables' logs in a folder, all of it moving.

The worst case on purpose: in every round each partition got a record and moved by one, and still
lags, so that of each the time of another first record has to be asked for.
"""

import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from jobs.demo.broker import Broker
from jobs.kafka import Cluster, KafkaUnavailableError, Topic
from jobs.watch import Watch, Watched
from jobs.watch.exposition import exposition
from schemas.lineage import Partition, Span
from schemas.regions import Region
from schemas.tables import DEAD_LETTERS, TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.receipts import Receipt, SpanReceipt

SIZES = (250, 500, 1_000)
ROUNDS = 5
LIMIT_SECONDS = 2.0
LINEAR = 1.5
"""A look at four times as many partitions may cost four times as much, and half of that again.

By CPU time, which does not count what else the machine does.
"""

_TRIES = 60
_EU = Region("eu")
_GROUP = "watch-scale"
_VALUE = bytes(1_000)
_RETENTION = {"message.timestamp.type": "LogAppendTime", "retention.ms": "345600000"}


def measure(cache: Path, sizes: Iterable[int] = SIZES, rounds: int = ROUNDS) -> dict[str, float]:
    """Look at systems of these sizes, each with a Kafka of its own.

    Args:
        cache: Where downloads are kept.
        sizes: Partitions.
        rounds: Looks whose median counts, once the first was answered.

    Returns:
        Name -> number, the unit at the name's end.
    """
    figures: dict[str, float] = {}
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            figures |= _at(n, Path(folder), cache, rounds)
    return figures


def misses(figures: Mapping[str, float]) -> list[str]:
    """What was not reached, in words; empty when all was."""
    few, many = SIZES[0], SIZES[-1]
    slow = figures[f"scrape_{many}_partitions_seconds"]
    work = [figures[f"scrape_{n}_partitions_cpu_seconds"] for n in (few, many)]
    grown = work[1] / work[0]
    found = []
    if slow > LIMIT_SECONDS:
        found.append(f"a scrape of {many:,} partitions takes {slow:.2f} s, not {LIMIT_SECONDS} s")
    if grown > LINEAR * many / few:
        found.append(f"{many // few} times as many partitions cost {grown:.1f} times as much")
    return found


def _at(n: int, folder: Path, cache: Path, rounds: int) -> dict[str, float]:
    lake = {
        (table.name, _EU): Destination(table, _EU, DirectoryStore(folder / "lake"))
        for table in (TELEMETRY, DEAD_LETTERS)
    }
    for destination in lake.values():
        destination.create()
    with (
        Broker(folder / "kafka", cache=cache) as broker,
        Cluster(broker.address) as cluster,
        closing(Watch(_watched(broker, lake))) as watch,
    ):
        cluster.create(TELEMETRY.topic, n, _RETENTION)
        topic = cluster.topics([TELEMETRY.topic])[TELEMETRY.topic]
        _publish(cluster, topic)
        _begin(watch)
        looks = []
        for turn in range(rounds):
            _publish(cluster, topic)
            for destination in lake.values():
                _commit(destination, topic, turn)
            looks.append(_look(watch))
        return {
            f"scrape_{n}_partitions_seconds": round(median(one[0] for one in looks), 3),
            f"scrape_{n}_partitions_cpu_seconds": round(median(one[1] for one in looks), 3),
            f"scrape_{n}_partitions_bytes": looks[-1][2],
        }


def _watched(broker: Broker, lake: Mapping[tuple[str, Region], Destination]) -> Watched:
    patience = timedelta(seconds=30)
    connect = lambda: Cluster(broker.address)  # noqa: E731 - one line
    return Watched(broker.address, connect, _GROUP, lake, (), patience)


def _begin(watch: Watch) -> None:
    """Look until every place answers: a Kafka that was just filled takes its time."""
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            _look(watch)
        except KafkaUnavailableError:
            if last:
                raise
            time.sleep(1)
        else:
            return


def _look(watch: Watch) -> tuple[float, float, int]:
    """Seconds of a look that is told to Prometheus, this process's CPU seconds, and bytes told.

    Raises:
        KafkaUnavailableError: A place gave no answer in time: the machine is too busy to measure.
    """
    began, worked = time.perf_counter(), time.process_time()
    state = watch.look(datetime.now(UTC))  # noqa: TID251 - a benchmark's clock is the machine's
    told = exposition(state).encode()
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    away = [one.problem for one in state.reaches if not one.answers]
    if away or not all(one.lag_time for one in state.partitions):
        raise KafkaUnavailableError(f"nothing is measured of a look that missed some: {away}")
    return seconds, cpu, len(told)


def _publish(cluster: Cluster, topic: Topic) -> None:
    with cluster.producer() as producer:
        numbers: Sequence[int] = range(topic.partitions)
        for wait in [
            producer.send(topic.name, None, _VALUE, partition=number) for number in numbers
        ]:
            wait()


def _commit(destination: Destination, topic: Topic, offset: int) -> None:
    """Make an offset of every partition durable, as a sink does; its records are withheld."""
    partitions = [Partition(topic.name, topic.id, n) for n in range(topic.partitions)]
    spans = (SpanReceipt(one, Span(offset, offset), 1, {"withheld/x": 1}) for one in partitions)
    names = [one.application_id for one in partitions]
    destination.versions(names)
    destination.append([], dict.fromkeys(names, offset), Receipt(tuple(spans)))
