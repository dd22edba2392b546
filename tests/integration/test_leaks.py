"""Nothing that the fleet ever sent names anybody outside the input topics."""

import json
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from support.evidence.fleet import Fleet
from support.evidence.leaks import Leak, Search
from support.evidence.oracle import CONSENT_FOR, Registration, Sent
from support.faults.colony import Colony
from support.faults.rig import wall_clock
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from schemas.errors import FortnightError
from schemas.retention import microseconds
from schemas.settings import PREFIX

pytestmark = pytest.mark.kafka

SERIALS = ["Sn-7F3A.91C2-DE", "SN:90B1-44D7-US", "00a1b2c3d4e5f607", "482913750164"]
STRANGER = "sn-stranger-5512-xk"
ACCOUNT = "anna.muster+robot@example.org"
ADDRESS, MAC, SSID = "203.0.113.77", "0a:4c:9d:e1:77:b3", "Muster Family WLAN 5G"
SESSION, MAP = "session-of-Anna-0815", "map-of-Musterstrasse-12"
NAMES = [*SERIALS, STRANGER, ACCOUNT, ADDRESS, MAC, SSID, SESSION, MAP, "FleetKeyOfAnna77"]
COMMANDS = [
    ["lag"],
    ["reconcile"],
    ["tables"],
    ["sql", "--format", "json", "select * exclude (cells) from map_tiles"],
    ["sql", "--format", "csv", "select * from telemetry"],
    ["sql", "select * from dead_letters"],
    ["sql", "select * from a_table_that_is_not_there"],
    ["dead-letters", "list", "--limit", "1000"],
    ["dead-letters", "replay", "--all", "--dry-run"],
    ["map", SERIALS[0]],
    ["expire"],
    ["sweep"],
    ["storage", "check"],
    ["topics", "check"],
    ["keys", "list"],
    ["settings"],
]


PARTS: dict[str, Callable[[int], dict[str, object]]] = {
    "fleet.telemetry": lambda _: {"status": "docked"},
    "fleet.cleaning-history": lambda now: {"started": now, "area": 1, "duration": 1},
    "fleet.map-tiles": lambda _: {
        "tile_x": 0,
        "tile_y": 0,
        "version": 1,
        "encoding": "runs",
        "layers": [{"label": 2, "runs": [0, 0, 64]}],
    },
}
"""What a record of each topic needs besides."""


def _planted(topic: str, device: str, event_time: int) -> Iterator[Sent]:
    """Records of one device with names in every place that a record has."""
    good: dict[str, object] = {
        "device": device,
        "event_time": event_time,
        "map": MAP,
        "session": SESSION,
    }
    good |= PARTS[topic](event_time)
    network = {"ip": ADDRESS, "mac": MAC, "wifi": {"ssid": SSID}, "account": ACCOUNT, SSID: MAC}
    for changes in (
        {},
        network,
        {device: device, MAC: ACCOUNT},
        {"status": MAC, "encoding": SSID, "mode": ADDRESS},
        {"event_time": device},
        {"device": [device, MAC]},
        {"device": device * 9},
        {"fault_subsystem": ACCOUNT, "map": 7, "session": 8},
    ):
        yield _sent(topic, device, json.dumps(good | changes).encode())
    headers = (("content-type", b"application/msgpack"), (SSID, MAC.encode()), (MAC, b"1"))
    yield _sent(topic, device, json.dumps(good).encode() + b" ", *headers)
    yield _sent(topic, f"{ACCOUNT} {SSID}", f"{device} at {ADDRESS} via {MAC}".encode())
    yield _sent(topic, MAC, json.dumps(good).encode()[:-2] + b"  ")
    yield _sent(topic, "FleetKeyOfAnna77", None)
    yield _sent(topic, device, json.dumps([SSID, ACCOUNT, {MAC: ADDRESS}]).encode())


def _sent(topic: str, key: str, value: bytes | None, *headers: tuple[str, bytes]) -> Sent:
    return Sent(topic, key, 0, value, "whatever", headers)


@pytest.fixture
def searched(
    colony_on: Callable[[S3Server], Colony], s3: S3Server
) -> tuple[Colony, dict[str, str]]:
    """A system that has seen everything, and what it shows: by where, as text."""
    colony = colony_on(s3)
    now = microseconds(wall_clock())
    countries = ["DE", "US", "DE", "US"]
    for device, country in zip(SERIALS, countries, strict=True):
        colony.truth.register([Registration(device, country)])
    colony.truth.register([Registration("Sn-account-holder", "QQ")])
    port = free_port()
    worker = colony.start(
        **{f"{PREFIX}LOG_LEVEL": "DEBUG", f"{PREFIX}METRICS_PORT": str(port)},
        **{f"{PREFIX}REJECTED_RATIO": "1"},
    )
    for topic in CONSENT_FOR:
        for device in (*SERIALS, STRANGER):
            colony.truth.publish(_planted(topic, device, now))
    fleet = Fleet(now, seed=301)
    colony.truth.register(fleet.registrations())
    colony.truth.publish(fleet.mix(300))
    colony.wait_until_complete()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        shown = {"metrics": answer.read().decode()}
    colony.stop()
    shown["the worker's log at DEBUG"] = worker.process.log.read_text("utf-8", errors="replace")
    return colony, shown | {" ".join(one): _run(colony, *one) for one in COMMANDS}


def _run(colony: Colony, *arguments: str) -> str:
    """What a command prints, and what it says of its failure."""
    run = CliRunner().invoke(app, arguments, env=colony.environment())
    assert run.exception is None or isinstance(run.exception, (FortnightError, SystemExit)), run
    return f"{run.output}\n{run.exception or ''}"


def _objects(colony: Colony) -> Iterator[tuple[str, bytes]]:
    """Every object of every bucket: data files, log entries, checkpoints, whatever else."""
    for store in {one.store.url: one.store for one in colony.system.lake().values()}.values():
        for info in store.list():
            yield f"{store.url}/{info.key}", store.get(info.key)


def test_no_name_is_in_any_store_log_metric_or_output(
    searched: tuple[Colony, dict[str, str]],
) -> None:
    colony, shown = searched
    search = Search(NAMES + [Fleet(0, seed=301).device(number) for number in range(60)])
    found: list[Leak] = []
    objects = dict(_objects(colony))
    vendor = Search(["smarock"])  # is to be found: the search does open what it searches
    assert any(vendor.in_parquet(key, objects[key]) for key in objects if "/telemetry/date" in key)
    assert {key.rpartition(".")[2] for key in objects} >= {"parquet", "json"}
    for key, data in objects.items():
        found += search.in_bytes("an object key", key.encode())
        look = search.in_parquet if key.endswith(".parquet") else search.in_bytes
        found += look(key, data)
    for where, text in shown.items():
        assert text, where
        found += search.in_bytes(where, text.encode())
    assert not found
