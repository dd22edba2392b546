"""A Kafka with mutual TLS and an authorizer, an S3 with HTTPS: who gets in, to do what."""

import socket
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import pytest
from support.keys import KEYS
from support.second_s3 import versitygw
from support.secured import ATTEMPTS, DATA, DEVICES, Client
from support.system import EU, System
from support.wire import GERMAN, reading

from jobs import certs, topics
from jobs.cli import main
from jobs.demo.broker import Broker
from jobs.demo.broker_security import ADMINISTRATOR, reached_as
from jobs.demo.object_store import S3Server
from jobs.kafka import Cluster, Permission, is_answering
from jobs.roles import lists
from jobs.roles.declared import roles
from jobs.verify import Scene, open_buckets
from jobs.verify.configuration.cluster import look_at
from jobs.verify.configuration.collect import collect
from jobs.verify.configuration.roles import declared
from schemas.errors import FatalError, SettingsError, StoreUnavailableError
from schemas.lineage import Partition, Position
from schemas.policies import Policies
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.settings import Settings
from schemas.tables import TELEMETRY
from storage.lake import Destination
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.s3.evidence import Unseen
from streams.kafka.devices import Devices
from streams.kafka.topics import KafkaUnavailableError, Topics
from streams.registry import Registry

pytestmark = pytest.mark.kafka

ROLES = {role.name: role for role in roles(Settings())}
WANTED = lists.plan(ROLES.values())
MAY = {
    "fleet": {"see data", "publish data"},
    "account-service": {"see devices", "register"},
    "worker": {"see data", "read data", "see devices", "read devices", "work", "see the group"},
    "upkeep": set(),
    "watch": {"see data", "see devices", "see the group"},
    "analyst": set(),
    "map-analyst": set(),
    "link-analyst": set(),
    "operator": {"see data", "see devices", "see the group", "create"},
    "officer": {
        *("see data", "read data", "publish data", "see devices", "read devices"),
        *("register", "mark", "send again", "see the group"),
    },
    "custodian": set(),
    "auditor": {"see data", "see devices", "see the group", "see lists"},
}
"""Everything that each role may do, of `ATTEMPTS`; what is not here has to be refused."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.fixture(scope="module")
def certificates(folder: Path) -> Path:
    now = datetime.now(UTC)  # noqa: TID251 - real servers have a real clock
    certs.make(folder / "strangers", ["worker"], now=now)
    certs.make(folder / "certs", [ADMINISTRATOR, *ROLES], now=now)
    return folder / "certs"


@pytest.fixture(scope="module")
def kafka(cache: Path, folder: Path, certificates: Path) -> Iterator[Broker]:
    with Broker(folder / "kafka", cache=cache, certificates=certificates) as running:
        with Client(ADMINISTRATOR, running, certificates).cluster() as cluster:
            topics.carry_out(topics.plan(Settings(partitions=1)), cluster)
            lists.carry_out(lists.compare(WANTED, cluster.permissions()), cluster)
            with cluster.producer() as producer:
                for topic in (DATA, DEVICES):
                    producer.send(topic, b"nobody", b"{", partition=0)()
        yield running


@pytest.fixture(scope="module")
def https(folder: Path, certificates: Path, credentials: None) -> Iterator[S3Server]:  # noqa: ARG001
    with pytest.MonkeyPatch.context() as patch, S3Server(folder, certificates=certificates) as s3:
        authority = str(certificates / certs.AUTHORITY)
        patch.setenv("AWS_CA_BUNDLE", authority)
        patch.setenv("SSL_CERT_FILE", authority)  # whatever sets it here does so for this module
        yield s3


def variables(name: str, kafka: Broker, certificates: Path) -> dict[str, str]:
    identity = certs.Identity.of(certificates, name)
    return {**identity.variables(), "FORTNIGHT_BOOTSTRAP_SERVERS": kafka.address}


def command(
    patch: pytest.MonkeyPatch, environment: Mapping[str, str], *arguments: str
) -> int | str | None:
    for name, value in environment.items():
        patch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_it_is_for_and_is_refused_everything_else(
    kafka: Broker, certificates: Path, role: str
) -> None:
    client = Client(role, kafka, certificates)
    assert {name for name, attempt in ATTEMPTS.items() if client.may(attempt)} == MAY[role]


def test_a_line_that_was_added_or_taken_away_is_found_and_a_roles_made_good(
    kafka: Broker,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stranger = Permission("User:stranger", "Topic", "fleet.", "Write", prefixed=True)
    elsewhere = Permission("User:stranger", "Topic", "orders", "Write")
    greedy = Permission("User:watch", "Topic", DEVICES, "Write")
    account = Permission("User:account-service", "Topic", DEVICES, "Write")
    as_admin = variables(ADMINISTRATOR, kafka, certificates)
    with Client(ADMINISTRATOR, kafka, certificates).cluster() as cluster:
        cluster.allow([stranger, greedy, elsewhere])
        cluster.take_back([account])
        assert command(monkeypatch, as_admin, "access", "kafka", "--check") == 1
        said = capsys.readouterr().out
        assert f"missing: {account}" in said
        assert f"too much: {greedy}" in said
        assert f"of a stranger: {stranger}" in said
        assert "orders" not in said
        assert command(monkeypatch, as_admin, "access", "kafka", "--apply") == 1
        cluster.take_back([stranger])
        assert command(monkeypatch, as_admin, "access", "kafka", "--check") == 0
        cluster.take_back([elsewhere])


def test_watch_learns_when_a_record_came_that_it_may_not_read(
    kafka: Broker, certificates: Path
) -> None:
    offset = publish(Client("fleet", kafka, certificates), DATA, *readings(1))
    with Client("watch", kafka, certificates).cluster() as cluster:
        partition = Partition(DATA, cluster.topics([DATA])[DATA].id, 0)
        came = cluster.first_times({partition: offset})
    with Client(ADMINISTRATOR, kafka, certificates).cluster() as cluster:
        record = cluster.record(Position(partition, offset))
    assert record is not None
    assert came == {partition: record.ingest_time}


def clock() -> datetime:
    """A worker's."""
    return datetime.now(UTC)  # noqa: TID251 - real servers have a real clock


def test_who_speaks_in_the_clear_is_not_answered(kafka: Broker) -> None:
    assert not is_answering(kafka.address)
    with pytest.raises(KafkaUnavailableError):
        Devices(kafka.address, Registry(), clock).start()


def test_a_stranger_is_refused_and_told_why(
    kafka: Broker,
    folder: Path,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    foreign = reached_as("worker", folder / "strangers")
    assert foreign is not None
    foreign.load_verify_locations(certificates / certs.AUTHORITY)  # it knows Kafka, not Kafka it
    for reach in (
        lambda: Cluster(kafka.address, tls=foreign),
        lambda: Topics(kafka.address, [DATA], tls=foreign),
    ):
        with pytest.raises(FatalError, match="does not accept our certificate"):
            reach()
    with pytest.raises(KafkaUnavailableError):
        Devices(kafka.address, Registry(), clock, tls=foreign).start()
    as_stranger = variables("worker", kafka, folder / "strangers")
    assert command(monkeypatch, as_stranger, "fleet", "--records", "1", "--rate", "0") == 70
    assert "certificate is not trusted, FORTNIGHT_KAFKA_CA" in capsys.readouterr().err


def test_the_fleet_cannot_register_its_own_devices(
    kafka: Broker,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ("fleet", "--robots", "3", "--records", "40", "--rate", "0")
    assert command(monkeypatch, variables("fleet", kafka, certificates), *few) == 70
    assert "TopicAuthorizationFailedError" in capsys.readouterr().err
    registrar = ("--registrar", str(certificates / "account-service.pem"))
    assert command(monkeypatch, variables("fleet", kafka, certificates), *few, *registrar) == 0
    assert "sent 40 records" in capsys.readouterr().out


@pytest.fixture(params=["moto", pytest.param("versitygw", marks=pytest.mark.versitygw)])
def https_url(
    request: pytest.FixtureRequest, https: S3Server, certificates: Path, tmp_path: Path
) -> Iterator[str]:
    if request.param == "moto":
        yield https.url
        return
    with versitygw(tmp_path, certs.Identity.of(certificates, "s3")) as url:
        yield url


def test_rows_and_logs_go_to_an_s3_that_our_authority_signed_and_to_no_other(
    https_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = S3Location(f"tls-{uuid4().hex[:8]}", "eu-central-1", https_url, KEYS)
    S3Bucket(place, []).create()
    table = Destination(TELEMETRY, EU, S3Store(place))
    table.create()
    assert table.version() == 0
    monkeypatch.setenv("AWS_CA_BUNDLE", str(folder / "strangers" / certs.AUTHORITY))
    with pytest.raises(SettingsError, match="not trusted, AWS_CA_BUNDLE"):
        S3Store(place).head("any")
    with pytest.raises(StoreUnavailableError) as refused:
        Destination(TELEMETRY, EU, table.store).version()
    assert "certificate" in str(refused.value.__cause__)


def test_who_says_nothing_to_the_s3_keeps_nobody_waiting(https: S3Server) -> None:
    url = urlsplit(https.url)
    with socket.create_connection((url.hostname or "", url.port or 0)):
        place = S3Location(f"tls-{uuid4().hex[:8]}", "eu-central-1", https.url, KEYS)
        assert S3Bucket(place, []).create() == []


def scene(kafka: Broker, https: S3Server, certificates: Path, cluster: Cluster) -> Scene:
    """What a verifier with the auditor's certificate is given, beside everybody's."""
    name = uuid4().hex[:8]
    given = {
        **variables("auditor", kafka, certificates),
        "FORTNIGHT_REGIONS": f"eu=eu-{name}@eu-central-1",
        "FORTNIGHT_S3_ENDPOINT": https.url,
        "FORTNIGHT_KEYRING": str(certificates / "no-keyring"),
    }
    settings = Settings.load({key: text for key, text in given.items() if key[0] == "F"})
    now = datetime.now(UTC)  # noqa: TID251 - real servers have a real clock
    for place in settings.regions:
        S3Bucket(S3Location(place.bucket, place.location, https.url), ["telemetry"]).create()
    return Scene(
        settings=settings,
        policies=Policies.shipped(),
        residency=Residency.shipped(),
        buckets=open_buckets(settings, now),
        cluster=cluster,
        now=now,
        environment=given,
    )


def test_a_verifier_asks_kafka_as_every_role_and_tries_to_get_in_as_nobody(
    kafka: Broker, https: S3Server, certificates: Path
) -> None:
    with Client("auditor", kafka, certificates).cluster() as cluster:
        found = collect(scene(kafka, https, certificates, cluster))
    assert {role for role, topics in found.kafka.tried.items() if any(topics.values())} == {
        role.name for role in ROLES.values() if any(one.kind == "Topic" for one in role.kafka)
    }
    for role, answers in found.kafka.tried.items():
        for topic in (DATA, DEVICES):
            assert answers[topic] == declared(ROLES[role], topic), (role, topic)
    assert not isinstance(found.kafka.permissions, Unseen)
    assert found.kafka.permissions == WANTED
    assert not found.kafka.unguarded
    by_hop = {one.hop: (one.answers, one.in_the_clear, one.to_strangers) for one in found.hops}
    assert by_hop["kafka"] == (True, False, False)
    assert by_hop["s3"] == (True, False, True)  # an S3 for tests lets everybody in
    assert {one.local for one in found.hops} == {True}


def test_a_verifier_finds_records_of_devices_in_a_topic_that_nobody_named(
    kafka: Broker, https: S3Server, certificates: Path
) -> None:
    with Client(ADMINISTRATOR, kafka, certificates).cluster() as cluster:
        with cluster.producer() as producer:
            producer.send(DEVICES, b"device-0815", None, partition=0)()
            for mirror, key, value in (
                ("__mirror", b"device-0815", b"{"),
                ("fortnight-copy", None, b'{"device":"canary-eu-smarock"}'),
                ("orders", b"order-1", b"{"),
            ):
                cluster.create(mirror, 1, {})
                producer.send(mirror, key, value, partition=0)()
        found = look_at(scene(kafka, https, certificates, cluster))
    assert found.strays == {"__mirror": True, "fortnight-copy": True, "orders": False}


def test_watch_looks_at_everything_with_its_own_rights(
    kafka: Broker,
    https: S3Server,
    certificates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = System.prepare(tmp_path, kafka, https, certificates)
    assert command(monkeypatch, system.environment("watch"), "watch", "--once") in (0, 1)
    assert DATA in capsys.readouterr().out


def publish(client: Client, topic: str, *values: bytes | None) -> int:
    """Publish records to the topic's one partition; the first one's offset."""
    with client.cluster() as cluster, cluster.producer() as producer:
        sent = [producer.send(topic, GERMAN.encode(), value) for value in values]
        return sent[0]()[1]


def readings(n: int) -> list[bytes]:
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real servers have a real clock
    return [msgspec.json.encode(reading(event_time=now, battery_level=i % 100)) for i in range(n)]
