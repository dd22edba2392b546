import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from support.system import EU, System
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.kafka import Cluster
from jobs.keys import links
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.tables.devices import DEVICES_TOPIC
from storage.links import read_links
from storage.places import open_stores

pytestmark = pytest.mark.kafka


@pytest.fixture
def system(own_broker: Broker, s3: S3Server, tmp_path: Path) -> System:
    """Devices came, moved and left: registered in the EU now are Stays and Comes."""
    made = System.prepare(
        tmp_path,
        own_broker,
        s3,
        flush_period=timedelta(seconds=1),
        session_timeout=timedelta(seconds=6),
    )
    made.publish(
        DEVICES_TOPIC,
        [
            registration("Stays", "DE"),
            registration("Moves", "DE"),
            registration("Comes", "US"),
            registration("Leaves", "FR"),
            ("Broken", b"{"),
            registration("Moves", "US"),
            registration("Comes", "NO"),
            ("Leaves", None),
        ],
    )
    return made


def registration(device: str, country: str) -> tuple[str, dict[str, object]]:
    consents = [{"name": "telemetry", "granted": True, "since": 0}]
    said = {"device": device, "country": country, "consents": consents, "bound_since": 0}
    return device, {**said, "vendor": "smarock", "model": "S1", "account": f"account-of-{device}"}


def send(system: System, *devices: str) -> None:
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real Kafka has a real clock
    system.publish(
        "fleet.telemetry",
        [(one, {"device": one, "event_time": now, "status": "idle"}) for one in devices],
    )


def test_a_running_worker_goes_on_under_a_new_version_and_an_officer_links_the_two(
    system: System,
) -> None:
    run = CliRunner(env=system.environment())

    def said(*command: str) -> str:
        found = run.invoke(app, command, catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.output

    with Cluster(system.settings.bootstrap_servers) as cluster:
        registered = links.registered(cluster, EU, Residency.shipped())
    assert sorted(registered) == ["Comes", "Stays"]
    with system.worker() as worker:
        send(system, "Stays", "Comes")
        system.wait_for_rows("telemetry", EU, 2)
        assert "k2    current" in said("keys", "rotate", "--region", "eu")
        send(system, "Stays")
        system.wait_for_rows("telemetry", EU, 3)
        worker.signal(signal.SIGTERM)
        assert worker.wait(within=timedelta(seconds=30)) == 0
    destination = system.lake()["telemetry", EU]
    rows = destination.dataset().to_table(["device", "key_version"])
    assert sorted(rows["key_version"].to_pylist()) == [1, 1, 2]
    receipts = [entry.receipt for entry in destination.entries() if entry.receipt]
    assert {one.key_version for one in receipts if one.rows} == {1, 2}
    assert "1 devices" in said("keys", "link", "--region", "eu")
    (pair,) = read_links(open_stores(system.settings)[EU]).to_pylist()
    newest = rows.filter(pc.equal(rows["key_version"], 2))["device"].to_pylist()
    assert [pair["after"]] == newest
    assert pair["before"] in rows["device"].to_pylist()
    assert "BROKEN" not in said("ledger", "verify")
