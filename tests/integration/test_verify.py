import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.system import EU, US, System
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.retention import microseconds
from schemas.tables.devices import DEVICES_TOPIC

pytestmark = pytest.mark.kafka

ON_BYTES = {"collection", "exclusion", "consent", "binding", "map-gate", "versions"}
"""Kinds whose verdict here rests on bytes and registrations alone."""
CONSENTS = [
    {"name": name, "granted": True, "since": 0}
    for name in ("telemetry", "maps", "history", "location")
]


def test_what_a_worker_stored_is_proven_from_kafka_and_s3_and_the_report_is_signed(
    own_broker: Broker, s3: S3Server, tmp_path: Path
) -> None:
    system = System.prepare(tmp_path, own_broker, s3, flush_period=timedelta(seconds=1))
    robots = [("SN-77-0001", "smarock", "DE"), ("SN-77-0002", "360-robot-vacuum", "US")]
    said = {"model": "X1", "account": "somebody", "bound_since": 0, "consents": CONSENTS}
    system.publish(
        DEVICES_TOPIC,
        [
            (device, {"device": device, "vendor": vendor, "country": country, **said})
            for device, vendor, country in robots
        ],
    )
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real Kafka has a real clock
    reading = {"event_time": now, "status": "cleaning", "battery_level": 9, "latitude": 52.52}
    readings = [(one, {"device": one, "longitude": 13.4, **reading}) for one, _, _ in robots]
    with system.worker():
        system.publish("fleet.telemetry", readings)
        for region in (EU, US):
            system.wait_for_rows("telemetry", region, 1)
    file = tmp_path / "report.json"
    run = CliRunner(env=system.environment())
    run.invoke(app, ["verify", "--deep", "--json", str(file)], catch_exceptions=False)
    found = json.loads(file.read_bytes())
    verdicts = {
        one["name"]: (one["verdict"], [look for look in one["looks"] if look["found"]])
        for one in found["report"]["promises"]
        if one["kind"] in ON_BYTES
    }
    assert not {name: wrong for name, (_, wrong) in verdicts.items() if wrong}
    assert verdicts["smarock/consent-telemetry"][0] == "held"
    assert verdicts["360-robot-vacuum/closed-list"][0] == "held"
    assert found["report"]["scope"]["registrations"] == 2
    assert found["signature"]["region"] == EU
