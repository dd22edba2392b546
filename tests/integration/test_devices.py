import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from kafka.admin import KafkaAdminClient
from msgspec.structs import replace
from support.wire import registration

from jobs.demo.broker import Broker
from jobs.kafka import Cluster
from jobs.subjects.changes import refused
from jobs.subjects.marks import put_marks
from jobs.subjects.registrations import put_registrations
from jobs.subjects.roll import Listed, read, these
from schemas.errors import IntegrityError, RetryableError, SettingsError
from schemas.marks import Mark, decode
from schemas.retention import moment
from schemas.tables.devices import DEVICES_TOPIC, Device
from streams.kafka.devices import Devices, RegistryBehindError, RegistryStaleError
from streams.kafka.topics import KafkaUnavailableError, Topics
from streams.registry import DeviceRecord

pytestmark = pytest.mark.kafka

BROKERS_TIME = {"message.timestamp.type": "LogAppendTime"}
SOON = timedelta(seconds=20)


class Applied:
    """What a registry would be told."""

    def __init__(self) -> None:
        self.records: list[DeviceRecord] = []
        self.compacted_until = 0

    def apply(
        self, records: Sequence[DeviceRecord], next_offset: int, *, compacted_until: int
    ) -> None:
        assert all(record.offset < next_offset for record in records)
        self.records += records
        self.compacted_until = compacted_until


@dataclass
class Clock:
    """Ours, which may go ahead."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251 - a worker's


@pytest.fixture(scope="module")
def registrar(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A Kafka whose registrations grow from test to test."""
    with Broker(tmp_path_factory.mktemp("kafka"), cache=cache) as running:
        with Cluster(running.address) as cluster:
            cluster.create(DEVICES_TOPIC, 1, BROKERS_TIME)
        yield running


@pytest.fixture(scope="module")
def spare(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Another, without topics."""
    with Broker(tmp_path_factory.mktemp("kafka"), cache=cache) as running:
        yield running


@pytest.fixture
def cluster(registrar: Broker) -> Iterator[Cluster]:
    with Cluster(registrar.address) as made:
        yield made


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def devices(registrar: Broker, applied: Applied, clock: Clock) -> Iterator[Devices]:
    made = Devices(registrar.address, applied, clock)
    made.start()
    made.barrier(SOON)
    applied.records.clear()
    yield made
    made.stop()


def publish(
    broker: Broker, *values: bytes | None, aborted: bool = False, key: bytes = b"a device"
) -> None:
    settings: dict[str, str | int | float | bool] = {"bootstrap.servers": broker.address}
    if aborted:
        settings["transactional.id"] = uuid4().hex
    producer = Producer(settings)
    if aborted:
        producer.init_transactions(30)
        producer.begin_transaction()
    for value in values:
        producer.produce(DEVICES_TOPIC, value, key=key)
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
    deadline = time.monotonic() + SOON.total_seconds()
    while (reached := devices.barrier(SOON)) < before + 4 and time.monotonic() < deadline:
        time.sleep(0.05)  # Kafka marks an abort a moment after it said that it would
    assert reached == before + 4
    assert [record.value for record in applied.records] == [b"one"]


def test_a_barrier_gives_up_when_the_registry_does_not_catch_up(
    registrar: Broker,
) -> None:
    class Refusing:
        def apply(
            self, records: Sequence[DeviceRecord], next_offset: int, *, compacted_until: int
        ) -> None:
            del records, next_offset, compacted_until
            raise IntegrityError("no more")

    devices = Devices(registrar.address, Refusing(), Clock())
    devices.start()
    publish(registrar, b"one")
    with pytest.raises((IntegrityError, RegistryBehindError)):
        devices.barrier(timedelta(seconds=3))
    assert isinstance(devices.failed, IntegrityError)
    with pytest.raises(IntegrityError, match="no longer read"):
        devices.barrier(SOON)


def test_what_was_said_a_day_before_a_worker_starts_may_have_superseded_something(
    registrar: Broker, devices: Devices, applied: Applied, clock: Clock
) -> None:
    publish(registrar, b"one")
    devices.barrier(SOON)
    assert moment(applied.compacted_until) < clock() - timedelta(hours=23)
    assert moment(applied.compacted_until) > clock() - timedelta(hours=24)


def test_who_slept_for_a_day_starts_again(
    registrar: Broker, devices: Devices, clock: Clock
) -> None:
    clock.ahead = timedelta(hours=24)
    publish(registrar, b"one")
    with pytest.raises((RegistryStaleError, RegistryBehindError)):
        devices.barrier(SOON)
    assert "was not read for a day: start again" in str(devices.failed)
    with pytest.raises(RetryableError):  # so the worker ends as one that is to be started again
        devices.barrier(SOON)


def test_without_a_broker_it_does_not_start(applied: Applied) -> None:
    with pytest.raises(KafkaUnavailableError):
        Devices("127.0.0.1:1", applied, Clock()).start()


def test_a_topic_whose_producers_say_the_time_is_refused(
    registrar: Broker, cluster: Cluster
) -> None:
    cluster.create("fleet.map-tiles", 1, {"message.timestamp.type": "CreateTime"})
    with pytest.raises(SettingsError, match=r"fleet\.map-tiles: .* must be LogAppendTime"):
        Topics(registrar.address, ["fleet.map-tiles"])


def test_a_topic_that_is_missing_is_named(registrar: Broker) -> None:
    with pytest.raises(SettingsError, match=r"fleet\.nowhere: is not there"):
        Topics(registrar.address, ["fleet.nowhere"])


@pytest.mark.parametrize(
    ("partitions", "settings", "why"),
    [
        (2, {}, "exactly one partition"),
        (1, {"cleanup.policy": "compact"}, r"min\.compaction\.lag\.ms must be at least 86400000"),
    ],
)
def test_registrations_that_have_no_order_or_are_soon_forgotten_are_refused(
    spare: Broker, partitions: int, settings: dict[str, str], why: str
) -> None:
    with Cluster(spare.address) as cluster:
        cluster.create(DEVICES_TOPIC, partitions, BROKERS_TIME | settings)
    with pytest.raises(SettingsError, match=why):
        Topics(spare.address, [])
    with closing(KafkaAdminClient(bootstrap_servers=[spare.address])) as admin:
        admin.delete_topics([DEVICES_TOPIC])


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


def _stopped(mark: Mark) -> Mark:
    return replace(mark, stopped=True)


def test_a_worker_that_read_up_to_the_offset_that_is_told_knows_the_marks(
    cluster: Cluster, devices: Devices, applied: Applied
) -> None:
    behind = put_marks(cluster, ["SN-1", "SN-2"], _stopped)
    assert devices.barrier(SOON) >= behind
    assert {decode(one.value) for one in applied.records} == {
        Mark(device="SN-1", stopped=True),
        Mark(device="SN-2", stopped=True),
    }
    assert put_marks(cluster, ["sn 2"], _stopped) == behind
    devices.barrier(SOON)
    assert len(applied.records) == 2


def test_of_officers_at_once_each_changes_what_the_others_said(registrar: Broker) -> None:
    names = {"case-1", "case-2", "case-3"}

    def hold(name: str) -> None:
        """As an officer whose command was overtaken: once more."""
        is_done = False
        with Cluster(registrar.address) as own:
            while not is_done:
                with suppress(RetryableError):
                    put_marks(own, ["SN-3"], lambda mark: _held(mark, name))
                    is_done = True

    with ThreadPoolExecutor() as pool:
        list(pool.map(hold, names))
    with Cluster(registrar.address) as cluster:
        roll = read(cluster, lambda listed: listed.device == "SN-3")
    told = roll.of("SN-3").mark
    assert told is not None
    assert set(told.holds) == names


def _held(mark: Mark, name: str) -> Mark:
    return replace(mark, holds=tuple({*mark.holds, name}))


def _told(cluster: Cluster, device: str) -> Listed:
    return read(cluster, these([device])).of(device)


def _without_maps(device: Device) -> Device:
    return refused(device, item="maps", at=7)


def test_a_change_of_a_registration_loses_nothing_that_its_service_writes_meanwhile(
    registrar: Broker, cluster: Cluster
) -> None:
    def publish_one(country: str, model: str) -> None:
        publish(registrar, registration("SN-4", country=country, model=model).value)

    meanwhile = [lambda: publish_one("FR", "X1"), lambda: publish_one("IT", "X2")]

    def change(device: Device) -> Device:
        """As `_without_maps`; the first two times the account service is just ahead of us."""
        if meanwhile:
            meanwhile.pop(0)()
        return _without_maps(device)

    publish_one("DE", "X1")
    assert put_registrations(cluster, ["sn 4"], change) == 1
    now = _told(cluster, "SN-4").registration
    assert now is not None
    assert (now.country, now.model) == ("IT", "X2")
    assert [one.name for one in now.consents if not one.granted] == ["maps"]
    assert put_registrations(cluster, ["SN-4", "SN-nobody"], _without_maps) == 0


def test_what_was_cancelled_meanwhile_stays_cancelled(registrar: Broker, cluster: Cluster) -> None:
    def change(device: Device) -> Device:
        publish(registrar, None, key=b"SN-5")
        return _without_maps(device)

    publish(registrar, registration("SN-5").value)
    put_registrations(cluster, ["SN-5"], change)
    assert _told(cluster, "SN-5").is_cancelled
