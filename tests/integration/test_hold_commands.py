"""`fortnight hold` as two officers type it: on a real Kafka, and buckets that keep versions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from support.lake import Writer
from support.office import EU
from support.wire import registration
from typer.testing import CliRunner

from jobs import keys, topics
from jobs.cli import app, status
from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.holds.naming import names_of
from jobs.kafka import Cluster
from jobs.subjects.roll import read, these
from schemas.errors import FortnightError
from schemas.settings import PREFIX, Settings
from schemas.tables.devices import DEVICES_TOPIC
from schemas.wrapping import Passphrase
from storage.places import open_lake, open_stores
from storage.store import ObjectStore

pytestmark = pytest.mark.kafka

DEVICE, OTHER = "SN-4711", "SN-4712"
PASS = "correct horse battery staple"
NAME, ORDER = "H-2026-3", ("--request", "R-1")
NOW = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's


def officer(s3: S3Server) -> dict[str, str]:
    """AWS's variables of somebody whom STS knows."""
    iam = boto3.client("iam", region_name="us-east-1", endpoint_url=s3.url)
    name = f"officer-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@dataclass(slots=True)
class Shell:
    """Commands of one deployment, by Alice where nothing else is said."""

    environment: Mapping[str, str]
    alice: Mapping[str, str]
    bob: Mapping[str, str]
    writer: Writer = field(init=False)

    def __post_init__(self) -> None:
        chosen = Settings.load(self.named)
        self.writer = Writer(open_lake(open_stores(chosen), chosen)["telemetry", EU])

    @property
    def named(self) -> dict[str, str]:
        """Settings alone."""
        return {name: text for name, text in self.environment.items() if name.startswith(PREFIX)}

    @property
    def holds(self) -> ObjectStore:
        chosen = Settings.load(self.named)
        return open_stores(chosen, chosen.holds)[EU]

    def said(self, *command: str, code: int = 0, by: Mapping[str, str] | None = None) -> str:
        """What a command prints, and what it complains of; never anything raw."""
        variables = {**self.environment, **(by or self.alice)}
        found = CliRunner().invoke(app, command, env=variables, input=f"device:{DEVICE}\n")
        error = found.exception
        got = status(error) if isinstance(error, FortnightError) else found.exit_code
        said = found.output + (str(error) if isinstance(error, FortnightError) else "")
        assert got == code, (said, error)
        assert "4711" not in said
        return said

    def by_two(self, *command: str) -> str:
        """What is said when it is done, by two persons."""
        digest = self.said(*command).split("fortnight approve ")[1][:12]
        self.said("approve", digest, by=self.bob)
        return self.said(*command)

    def store_due(self, *devices: str) -> None:
        """Rows that `expire` drops now."""
        path = Path(self.environment[PREFIX + "KEYRING"])
        current = keys.read(path, Passphrase(PASS)).current(EU)
        names = [names[0] for names in names_of(devices, [current])]
        self.writer.commit(self.writer.put(NOW, rows=len(names), device=names))


@pytest.fixture(scope="module")
def shell(module_broker: Broker, s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    mark = uuid4().hex[:8]
    environment = {
        PREFIX + "BOOTSTRAP_SERVERS": module_broker.address,
        PREFIX + "REGIONS": f"eu=eu-{mark}@eu-central-1",
        PREFIX + "HOLDS": f"eu=holds-{mark}@eu-central-1",
        PREFIX + "KEYRING": str(tmp_path_factory.mktemp("keys") / "keyring"),
        PREFIX + "KEYRING_PASSPHRASE": PASS,
        PREFIX + "PARTITIONS": "1",
        PREFIX + "S3_ENDPOINT": s3.url,
        "AWS_ENDPOINT_URL_STS": s3.url,
    }
    alice, bob = officer(s3), officer(s3)
    CliRunner().invoke(app, ["storage", "init", "--versioned"], env={**environment, **alice})
    chosen = Settings.load({k: v for k, v in environment.items() if k.startswith(PREFIX)})
    with Cluster(module_broker.address) as cluster, cluster.producer() as producer:
        topics.carry_out(topics.plan(chosen), cluster)
        for device in (DEVICE, OTHER):
            value = registration(device, vendor="360-robot-vacuum").value
            producer.send(DEVICES_TOPIC, device.encode(), value)()
    made = Shell(environment, alice, bob)
    made.said("keys", "new")
    made.said("requests", "open", "R-1", "--right", "order")
    return made


def test_a_case_from_its_order_to_its_end(shell: Shell, module_broker: Broker) -> None:
    review = f"{NOW + timedelta(days=90):%Y-%m-%d}"
    place = ("hold", "place", NAME, "-", *ORDER, "--review", review, "--ground")
    refused = shell.said(*place, "curiosity", code=70)
    assert "dispute or investigation is allowed by the policy of 360-robot-vacuum" in refused
    assert "entry 3" in shell.by_two(*place, "dispute")
    assert f"{NAME}" in shell.said("hold", "list")

    shell.store_due(DEVICE, OTHER)
    assert "copied 1 held rows before" in shell.said("expire")
    assert "does not know its rows under k2" in shell.said("keys", "rotate", code=70)
    shell.said("keys", "new", "--region", "eu")
    shell.said("hold", "extend", NAME)
    shell.said("keys", "rotate")
    shell.store_due(OTHER, DEVICE, DEVICE)
    assert "copied 2 held rows before" in shell.said("expire")
    assert shell.writer.destination.live() == []
    assert "3 rows were due and are kept" in shell.said("hold", "check", NAME)

    blind = {**shell.alice, PREFIX + "HOLDS": ""}
    erase = ("subject", "erase", "-", "--request", "R-1")
    astray = {**shell.alice, PREFIX + "HOLDS": f"eu=astray-{uuid4().hex[:8]}@eu-central-1"}
    shell.said("storage", "init", by=astray)
    for command in (("follow",), erase, ("expire",), ("expire", "--dry-run")):
        refused = shell.said(*command, by=blind, code=70)
        assert f"FORTNIGHT_HOLDS: names no bucket for region eu, where {NAME} lasts" in refused
        refused = shell.said(*command, by=astray, code=70)
        assert f"has no record of {NAME}, which lasts in region eu" in refused

    shell.said("hold", "extend", NAME, "--review", "2026-01-01")
    assert "WRONG: its review is overdue" in shell.said("hold", "list", code=1)
    shell.by_two("hold", "release", NAME, *ORDER)
    assert shell.said("hold", "list") == ""
    assert [*shell.holds.list_versions()] == []
    with Cluster(module_broker.address) as cluster:
        assert read(cluster, these([DEVICE])).of(DEVICE).mark is None
    shell.store_due(DEVICE)
    assert "copied" not in shell.said("expire")
    assert "BROKEN" not in shell.said("ledger", "verify")


def test_what_was_left_half_way_is_told(shell: Shell) -> None:
    shell.holds.put("H-9/telemetry/date=2026-11-21/expires=2026-12-05T14/00000000.json", b"{}")
    assert "H-9            released  WRONG: copies of it were left" in shell.said(
        "hold", "list", code=1
    )
    assert "not a manifest" in shell.said("hold", "check", "H-9", code=1)
    assert "copies of H-9 go: nobody holds them" in shell.said("follow", "--dry-run")
    assert "H-9: deleted 1 objects" in shell.said("hold", "tidy")
    shell.holds.put("H-8/telemetry/date=2026-11-21/expires=2026-12-05T14/00000000.json", b"{}")
    assert "1 objects of H-8 deleted: nobody holds them" in shell.said("follow")
    assert shell.said("ledger", "report").count("hold tidy") == 2
    assert shell.said("hold", "list") == ""
