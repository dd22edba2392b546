"""Dead letters and real Kafka: what replays send, also when killed, and what is shown."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support.lake import Writer, empty

from jobs import dead_letters, replay
from jobs.dead_letters import DeadLetter
from jobs.demo.broker import Broker
from jobs.demo.processes import Process
from jobs.kafka import Cluster, KafkaRecord, KafkaUnavailableError, Producer, Topic
from schemas.errors import SettingsError
from schemas.lineage import Partition, Position
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS

pytestmark = pytest.mark.kafka

PATIENCE = timedelta(seconds=60)

RUN = """
import sys
from pathlib import Path
from jobs.dead_letters import Selection, read
from jobs.kafka import Cluster
from jobs.replay import replay
from schemas.regions import Region
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS
from storage.directory import DirectoryStore
from storage.lake import Destination
folder, address, topic = sys.argv[1:]
lake = Destination(DEAD_LETTERS, Region("eu"), DirectoryStore(Path(folder)))
letters = read(lake, Selection(topic))
print("ready", flush=True)
with Cluster(address) as cluster:
    replay(letters, cluster, Settings(bootstrap_servers=address))
"""


def start(name: str, folder: Path, broker: Broker, topic: Topic) -> Process:
    command = [sys.executable, "-c", RUN, str(folder), broker.address, topic.name]
    return Process(name, command, log=folder / f"{name}.log")


@pytest.fixture
def topic(broker: Broker) -> Topic:
    name = f"t.{uuid4().hex[:8]}"
    with Cluster(broker.address) as cluster:
        cluster.create(name, 2, {"message.timestamp.type": "LogAppendTime"})
        return cluster.topics([name])[name]


@pytest.fixture
def settings(broker: Broker) -> Settings:
    return Settings(bootstrap_servers=broker.address)


def publish(broker: Broker, topic: Topic, n: int) -> None:
    """n records in each partition, of which every other one will be rejected."""
    with Producer([broker.address]) as producer:
        for i in range(n):
            for number in range(topic.partitions):
                more = [("content-type", b"application/msgpack"), ("private", b"Serial-9")]
                headers = more if i % 4 == 0 else []
                producer.send(topic.name, b"Serial-1", b"%d" % i, headers, partition=number)


def read(broker: Broker, topic: Topic, number: int) -> list[KafkaRecord]:
    with Cluster(broker.address) as cluster:
        return list(cluster.records(Partition(topic.name, topic.id, number), first=0))


def reject(folder: Path, broker: Broker, topic: Topic) -> list[DeadLetter]:
    """Store every other record as a dead letter."""
    letters = [
        DeadLetter(record.position, record.ingest_time, "why")
        for number in range(topic.partitions)
        for record in read(broker, topic, number)[::2]
    ]
    writer = Writer(empty(folder, DEAD_LETTERS))
    now = datetime.now(UTC)  # noqa: TID251 - real Kafka has a real clock
    file = writer.put(
        now + timedelta(days=14),
        rows=len(letters),
        topic=[topic.name] * len(letters),
        topic_id=[topic.id] * len(letters),
        partition=[one.position.partition.number for one in letters],
        offset=[one.position.offset for one in letters],
        ingest_time=[one.ingest_time for one in letters],
        reason=["why"] * len(letters),
    )
    writer.commit(file)
    return letters


def copies(broker: Broker, topic: Topic) -> Counter[str]:
    """How often each record was sent again, by the copies' own header."""
    found: Counter[str] = Counter()
    for number in range(topic.partitions):
        for record in read(broker, topic, number):
            if origin := dict(record.headers).get(replay.REPLAY_OF):
                found[origin.decode()] += 1
    return found


def origins(letters: list[DeadLetter]) -> Counter[str]:
    at = [one.position for one in letters]
    return Counter(f"{p.partition.topic_id}/{p.partition.number}/{p.offset}" for p in at)


def test_a_copy_is_the_record_in_its_partition_with_its_first_ingest_time(
    broker: Broker, topic: Topic, settings: Settings, tmp_path: Path
) -> None:
    publish(broker, topic, 20)
    letters = reject(tmp_path, broker, topic)
    before = {number: read(broker, topic, number) for number in range(2)}
    with Cluster(broker.address) as cluster:
        assert len(replay.replay(letters, cluster, settings).send) == 20
        again = replay.replay(letters, cluster, settings)
    assert (again.sent_before, again.send, again.gone) == (20, (), ())
    for number, records in before.items():
        sent = read(broker, topic, number)[20:]
        assert [(one.key, one.value) for one in sent] == [
            (one.key, one.value) for one in records[::2]
        ]
        for copy, original in zip(sent, records[::2], strict=True):
            headers = dict(copy.headers)
            first = int(headers.pop(replay.FIRST_INGEST))
            assert first == original.ingest_time.timestamp() * 1_000_000
            assert headers.pop(replay.REPLAY_OF)
            kept = {"content-type": b"application/msgpack"} if original.headers else {}
            assert headers == kept


def test_a_replay_killed_anywhere_loses_none_and_sends_none_twice(
    broker: Broker, topic: Topic, settings: Settings, tmp_path: Path
) -> None:
    publish(broker, topic, 5_000)
    letters = reject(tmp_path, broker, topic)
    with Cluster(broker.address) as cluster:
        for killed_after in (0, 1, 400, 1_000):
            with start(f"run-{killed_after}", tmp_path, broker, topic) as run:
                run.wait_until(lambda run=run: "ready" in run.last_lines(), within=PATIENCE)  # type: ignore[misc]
                enough = sum(cluster.ends(topic).values()) + killed_after
                while run.is_running() and sum(cluster.ends(topic).values()) < enough:
                    pass
                assert run.is_running(), "the run was over before it could be killed"
                run.kill()
    with Cluster(broker.address) as cluster:
        replay.replay(letters, cluster, settings)
    assert copies(broker, topic) == origins(letters)


def oversleep(producer: Producer, record: KafkaRecord, meanwhile: Callable[[], None]) -> None:
    """Send a copy and its mark, and sleep before the commit."""
    with producer.at_once():
        at = record.position.partition
        producer.send(at.topic, record.key, record.value, record.headers, partition=at.number)
        producer.send(replay.MARKS, replay.mark(record.position).encode(), b"", partition=0)
        producer.flush()
        meanwhile()


def test_a_replay_that_sleeps_before_its_commit_has_sent_nothing(
    broker: Broker, topic: Topic, settings: Settings, tmp_path: Path
) -> None:
    publish(broker, topic, 20)
    letters = reject(tmp_path, broker, topic)
    record = replay.copy(read(broker, topic, 0)[0])

    def meanwhile() -> None:
        with Cluster(broker.address) as cluster:
            assert len(replay.replay(letters, cluster, settings).send) == 20

    with (
        Producer([broker.address], name=replay.NAME) as sleeper,
        pytest.raises(KafkaUnavailableError, match="a later run"),
    ):
        oversleep(sleeper, record, meanwhile)
    assert copies(broker, topic) == origins(letters)


def test_of_several_replays_at_once_each_letter_is_sent_once(
    broker: Broker, topic: Topic, tmp_path: Path, settings: Settings
) -> None:
    publish(broker, topic, 1_000)
    letters = reject(tmp_path, broker, topic)
    with ExitStack() as running:
        runs = []
        for i in range(3):
            runs.append(running.enter_context(start(f"run-{i}", tmp_path, broker, topic)))
            time.sleep(0.3)
        ended = [run.wait(within=PATIENCE) for run in runs]
        assert 0 in ended
        assert None not in ended
    with Cluster(broker.address) as cluster:
        replay.replay(letters, cluster, settings)
    assert copies(broker, topic) == origins(letters)


def test_what_kafka_has_no_more_is_gone_and_stops_nothing(
    broker: Broker, topic: Topic, settings: Settings, tmp_path: Path
) -> None:
    publish(broker, topic, 10)
    letters = reject(tmp_path, broker, topic)
    earlier = Partition(topic.name, "an-earlier-id", 0)
    foreign = DeadLetter(Position(earlier, 1), letters[0].ingest_time, "why")
    with Cluster(broker.address) as cluster:
        done = replay.replay([foreign, *letters], cluster, settings)
    assert done.gone == (foreign,)
    assert copies(broker, topic) == origins(letters)


def test_a_place_is_found_by_name_and_its_record_is_read(broker: Broker, topic: Topic) -> None:
    publish(broker, topic, 3)
    with Cluster(broker.address) as cluster:
        partition, offset = dead_letters.find_partition(cluster, f"{topic.name}:1@2")
        assert partition == Partition(topic.name, topic.id, 1)
        assert offset == 2
        record = cluster.record(Position(partition, 2))
        assert record is not None
        assert record.value == b"2"
        for wrong in (f"{topic.name}:2", "t.none:0", "nonsense"):
            with pytest.raises(SettingsError, match=wrong):
                dead_letters.find_partition(cluster, wrong)
