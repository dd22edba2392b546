from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from kafka.admin import KafkaAdminClient

from jobs.demo.broker import Broker
from jobs.kafka import Cluster
from schemas.errors import IntegrityError, SettingsError
from schemas.tables.devices import DEVICES_TOPIC
from streams.kafka.devices import Devices, RegistryBehindError
from streams.kafka.topics import KafkaUnavailableError, Topics
from streams.registry import DeviceRecord

pytestmark = pytest.mark.kafka

BROKERS_TIME = {"message.timestamp.type": "LogAppendTime"}
SOON = timedelta(seconds=20)


class Applied:
    """What a registry would be told."""

    def __init__(self) -> None:
        self.records: list[DeviceRecord] = []

    def apply(self, records: Sequence[DeviceRecord], next_offset: int) -> None:
        assert all(record.offset < next_offset for record in records)
        self.records += records


@pytest.fixture(scope="module")
def registrar(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka whose registrations grow from test to test."""
    with Broker(tmp_path_factory.mktemp("kafka"), cache=cache) as running:
        with Cluster(running.address) as cluster:
            cluster.create(DEVICES_TOPIC, 1, BROKERS_TIME)
        yield running


@pytest.fixture
def cluster(registrar: Broker) -> Iterator[Cluster]:
    with Cluster(registrar.address) as made:
        yield made


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def devices(registrar: Broker, applied: Applied) -> Iterator[Devices]:
    made = Devices(registrar.address, applied)
    made.start()
    made.barrier(SOON)
    applied.records.clear()
    yield made
    made.stop()


def publish(broker: Broker, *values: bytes | None, aborted: bool = False) -> None:
    settings: dict[str, str | int | float | bool] = {"bootstrap.servers": broker.address}
    if aborted:
        settings["transactional.id"] = uuid4().hex
    producer = Producer(settings)
    if aborted:
        producer.init_transactions(30)
        producer.begin_transaction()
    for value in values:
        producer.produce(DEVICES_TOPIC, value, key=b"a device")
    producer.flush(30)
    if aborted:
        producer.abort_transaction(30)


def test_after_the_barrier_everything_published_before_is_applied(
    registrar: Broker, devices: Devices, applied: Applied
) -> None:
    before = devices.applied
    for count in (1, 50, 3_000):
        publish(registrar, *([b"x"] * (count - len(applied.records))))
        assert devices.barrier(SOON) == before + count
        assert [record.offset - before for record in applied.records] == list(range(count))


def test_tombstones_keep_their_key_and_times_are_microseconds(
    registrar: Broker, devices: Devices, applied: Applied
) -> None:
    publish(registrar, b"registered", None)
    devices.barrier(SOON)
    first, second = applied.records
    assert (first.value, second.value, second.record_key) == (b"registered", None, b"a device")
    assert first.ingest_time > 1_700_000_000_000_000


def test_what_was_aborted_is_not_applied_and_holds_nobody_up(
    registrar: Broker, devices: Devices, applied: Applied
) -> None:
    before = devices.applied
    publish(registrar, b"one")
    publish(registrar, b"never", b"never", aborted=True)
    assert devices.barrier(SOON) == before + 4
    assert [record.value for record in applied.records] == [b"one"]


def test_a_barrier_gives_up_when_the_registry_does_not_catch_up(
    registrar: Broker,
) -> None:
    class Refusing:
        def apply(self, records: Sequence[DeviceRecord], next_offset: int) -> None:
            del records, next_offset
            raise IntegrityError("no more")

    devices = Devices(registrar.address, Refusing())
    devices.start()
    publish(registrar, b"one")
    with pytest.raises((IntegrityError, RegistryBehindError)):
        devices.barrier(timedelta(seconds=3))
    assert isinstance(devices.failed, IntegrityError)
    with pytest.raises(IntegrityError, match="no longer read"):
        devices.barrier(SOON)


def test_without_a_broker_it_does_not_start(applied: Applied) -> None:
    with pytest.raises(KafkaUnavailableError):
        Devices("127.0.0.1:1", applied).start()


def test_a_topic_whose_producers_say_the_time_is_refused(
    registrar: Broker, cluster: Cluster
) -> None:
    cluster.create("fleet.map-tiles", 1, {"message.timestamp.type": "CreateTime"})
    with pytest.raises(SettingsError, match=r"fleet\.map-tiles: .* must be LogAppendTime"):
        Topics(registrar.address, ["fleet.map-tiles"])


def test_a_topic_that_is_missing_is_named(registrar: Broker) -> None:
    with pytest.raises(SettingsError, match=r"fleet\.nowhere: is not there"):
        Topics(registrar.address, ["fleet.nowhere"])


def test_registrations_in_two_partitions_are_refused(own_broker: Broker) -> None:
    with Cluster(own_broker.address) as cluster:
        cluster.create(DEVICES_TOPIC, 2, BROKERS_TIME)
    with pytest.raises(SettingsError, match="exactly one partition"):
        Topics(own_broker.address, [])


def test_a_topic_that_was_recreated_is_noticed(registrar: Broker, cluster: Cluster) -> None:
    cluster.create("fleet.telemetry", 3, BROKERS_TIME)
    topics = Topics(registrar.address, ["fleet.telemetry"])
    topics.verify()
    admin = KafkaAdminClient(bootstrap_servers=[registrar.address])
    admin.delete_topics(["fleet.telemetry"])
    cluster.create("fleet.telemetry", 3, BROKERS_TIME)
    with pytest.raises(IntegrityError, match=r"fleet\.telemetry: was recreated"):
        topics.verify()
    topics.close()
    admin.close()
