"""What an operator sees of a running system: lag, proof, dead letters, retention."""

import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.system import EU, US, System
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

GERMAN, AMERICAN, LATER = "Serial-DE-1", "Serial-US-1", "Serial-XX-1"
NO_ONE = "the device is not registered"
TENTH = 0.1
"""Seconds are told to a tenth."""


@pytest.fixture
def system(own_broker: Broker, s3: S3Server, tmp_path: Path) -> System:
    return System.prepare(
        tmp_path,
        own_broker,
        s3,
        partitions=2,
        flush_period=timedelta(seconds=1),
        session_timeout=timedelta(seconds=6),
    )


def registration(device: str, country: str) -> tuple[str, dict[str, object]]:
    names = ("telemetry", "maps", "history")
    consents = [{"name": name, "granted": True, "since": 0} for name in names]
    fields = {"vendor": "smarock", "model": "S1", "account": f"account-of-{device}"}
    said = {"device": device, "country": country, "consents": consents, "bound_since": 0}
    return device, {**said, **fields}


def readings(n: int) -> Iterator[tuple[str, dict[str, object] | bytes]]:
    """Of four records a German and an American one, one not registered yet, and a broken one."""
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real Kafka has a real clock
    for i in range(n):
        device = (GERMAN, AMERICAN, LATER, GERMAN)[i % 4]
        value = {"device": device, "event_time": now, "status": "cleaning"}
        yield device, b"{" if i % 4 == 3 else value


def test_from_lag_to_proof_with_a_replay_in_between(system: System) -> None:
    run = CliRunner(env=system.environment())

    def said(*command: str, status: int = 0) -> str:
        found = run.invoke(app, list(command), catch_exceptions=False)
        assert found.exit_code == status, found.output
        assert "Serial" not in found.output
        return found.output

    system.publish("fleet.devices", [registration(GERMAN, "DE"), registration(AMERICAN, "US")])
    begun = time.monotonic()
    system.publish("fleet.telemetry", readings(400))
    published = time.monotonic()
    while time.monotonic() < published + 3 * TENTH:
        time.sleep(TENTH)
    asked = time.monotonic()
    found = re.fullmatch(r"lag 400 records, ([\d.]+) seconds", said("lag").splitlines()[-1])
    assert found is not None
    assert 0 < asked - published - TENTH <= float(found[1]) <= time.monotonic() - begun + TENTH

    with system.worker() as worker:
        system.wait_for_rows("dead_letters", EU, 200)
        assert said("lag").splitlines()[-1] == "lag 0 records, 0.0 seconds"
        listed = said("dead-letters", "list", "--topic", "fleet.telemetry").splitlines()
        assert listed[-1].split() == ["200", "dead", "letters"]
        place = next(line.split()[2] for line in listed if line.endswith(NO_ONE))
        assert f"reason: {NO_ONE}" in said("dead-letters", "show", place)

        system.publish("fleet.devices", [registration(LATER, "DE")])
        replayed = said("dead-letters", "replay", "--reason", "not registered")
        assert "100  were sent again" in replayed
        system.wait_for_rows("telemetry", EU, 200)
        assert "100  had been sent before" in said(
            "dead-letters", "replay", "--reason", "not registered"
        )
        worker.signal(signal.SIGTERM)
        assert worker.wait(within=timedelta(seconds=30)) == 0

    assert len(system.offsets("telemetry", EU)) == 200
    assert len(system.offsets("telemetry", US)) == 100
    proof = said("reconcile")
    assert "500 records ended exactly once by the receipts; 500 rows" in proof
    assert "dropped 0 files" in said("expire")
    assert "telemetry in eu: no orphans" in said("sweep")

    partition = place.partition("@")[0]
    accepted = said("dead-letters", "accept", partition, "--until", "3")
    assert f"{partition}: what is rejected up to 3 is accepted" in accepted
    lake = system.lake()["telemetry", EU]
    lake.store.delete([f"telemetry/{lake.live()[0].path}"])
    assert "BROKEN telemetry in eu, date=" in said("reconcile", status=1)


def test_a_worker_that_stopped_for_too_many_rejections_goes_on_once_they_are_accepted(
    system: System,
) -> None:
    run = CliRunner(env=system.environment())
    system.publish("fleet.telemetry", [(GERMAN, b"{")] * 30)
    limit = {"FORTNIGHT_REJECTED_RUN": "20"}
    with system.worker("first", **limit) as first:
        assert first.wait(within=timedelta(seconds=60)) == 70
        advice = re.search(r"fortnight (dead-letters accept \S+ --until \d+)", first.last_lines(60))
    assert advice is not None
    assert system.offsets("dead_letters", EU) == []
    accepted = run.invoke(app, advice[1].split(), catch_exceptions=False)
    assert accepted.exit_code == 0
    with system.worker("second", **limit):
        system.wait_for_rows("dead_letters", EU, 30)

    number, offset = system.offsets("dead_letters", EU)[0]
    place = f"fleet.telemetry:{number}@{offset}"
    plain = run.invoke(app, ["dead-letters", "show", place])
    assert "value: 1 bytes" in plain.output
    assert GERMAN not in plain.output
    raw = run.invoke(app, ["dead-letters", "show", place, "--raw"])
    assert "keep it nowhere" in raw.stderr
    assert f"record key: b'{GERMAN}'" in raw.stdout
