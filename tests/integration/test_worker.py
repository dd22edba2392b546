"""A worker from end to end: what was published is stored once, where it belongs."""

import signal
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.system import EU, US, System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from schemas.retention import microseconds
from schemas.settings import PREFIX

pytestmark = pytest.mark.kafka

GERMAN, AMERICAN, NOBODY = "Serial-DE-1", "Serial-US-1", "Serial-XX-1"


@pytest.fixture
def system(own_broker: Broker, s3: S3Server, tmp_path: Path) -> System:
    made = System.prepare(
        tmp_path,
        own_broker,
        s3,
        partitions=3,
        flush_period=timedelta(seconds=1),
        session_timeout=timedelta(seconds=6),
    )
    made.publish("fleet.devices", [registration(GERMAN, "DE"), registration(AMERICAN, "US")])
    return made


def registration(device: str, country: str) -> tuple[str, dict[str, object]]:
    consents = [
        {"name": name, "granted": True, "since": 0} for name in ("telemetry", "maps", "history")
    ]
    return device, {
        "device": device,
        "vendor": "smarock",
        "model": "S1",
        "country": country,
        "account": f"account-of-{device}",
        "bound_since": 0,
        "consents": consents,
    }


def readings(n: int) -> Iterator[tuple[str, dict[str, object] | bytes]]:
    """Of every five records two are German's, one American's, one nobody's, one no reading."""
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real Kafka has a real clock
    for i in range(n):
        device = (GERMAN, GERMAN, AMERICAN, NOBODY, GERMAN)[i % 5]
        value = {"device": device, "event_time": now, "status": "cleaning", "battery_level": 50}
        yield device, b"{" if i % 5 == 4 else value


def scraped(port: int) -> str:
    """The metrics once every record has ended."""
    for _ in range(100):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text: str = answer.read().decode()
        if 'records_read_total{topic="fleet.telemetry"} 5000' in text and "stored/eu" in text:
            return text
        time.sleep(0.1)
    return text


def test_every_record_is_stored_in_its_region_or_rejected(system: System) -> None:
    system.publish("fleet.telemetry", readings(5_000))
    port = free_port()
    given = {f"{PREFIX}METRICS_PORT": str(port), f"{PREFIX}LOG_LEVEL": "DEBUG"}
    with system.worker(**given) as worker:
        system.wait_for_rows("dead_letters", EU, 2_000)
        metrics = scraped(port)
        worker.signal(signal.SIGTERM)
        assert worker.wait(within=timedelta(seconds=20)) == 0
    stored = {region: system.offsets("telemetry", region) for region in (EU, US)}
    rejected = system.offsets("dead_letters", EU)
    assert len(stored[EU]) == 2_000
    assert len(stored[US]) == 1_000
    everything = stored[EU] + stored[US] + rejected
    assert len(everything) == len(set(everything)) == 5_000
    assert 'fortnight_records_ended_total{topic="fleet.telemetry",how="stored/eu"} 2000' in metrics
    assert "Serial" not in worker.log.read_text() + metrics


def test_a_worker_that_was_killed_is_followed_by_one_that_loses_and_repeats_nothing(
    system: System,
) -> None:
    system.publish("fleet.telemetry", readings(5_000))
    with system.worker("first") as first:
        system.wait_for_rows("telemetry", EU, 1)
        first.kill()
    system.publish("fleet.telemetry", readings(5_000))
    with system.worker("second") as second:
        system.wait_for_rows("dead_letters", EU, 4_000)
        second.check()
    stored = system.offsets("telemetry", EU) + system.offsets("telemetry", US)
    assert len(stored) == len(set(stored)) == 6_000
