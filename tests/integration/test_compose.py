import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml
from support.compose import DOCUMENT, OURS, ROOT, SERVICES, Machine

from jobs.demo.broker import Broker
from jobs.demo.jars import locked
from jobs.demo.object_store import S3Server
from jobs.demo.processes import free_port
from jobs.demo.progress import Watch
from jobs.kafka import Cluster
from schemas.exposition import parse_text
from schemas.metrics import REACHABLE, WATCH_METRICS
from schemas.settings import Settings
from storage.places import open_lake, open_stores

SPECIFICATION = ROOT.parent / "shared" / "schemas" / "compose-spec.json"
ONCE = ("topics", "storage", "keys")
FOR_EVER = ("worker", "fleet", "expire", "follow", "sweep", "compact", "watch")
SERVERS = ("kafka", "s3", "prometheus", "grafana")


@pytest.fixture
def machine(own_broker: Broker, own_s3: S3Server, tmp_path: Path) -> Machine:
    worker, metrics, console = (str(free_port()) for _ in range(3))
    for secret in ("passphrase", "token"):
        (tmp_path / secret).write_text("correct horse battery staple")
    places = {
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - a container's, never this machine's
        "http://worker:": "http://127.0.0.1:",
        "kafka:19092": own_broker.address,
        "http://s3:5000": own_s3.url,
        "/var/lib/fortnight": str(tmp_path),
        "/run/secrets/keyring-passphrase": str(tmp_path / "passphrase"),
        "/run/secrets/console-token": str(tmp_path / "token"),
        "9100": worker,
        "9321": metrics,
        "9322": console,
    }
    return Machine(tmp_path, places)


def _dependencies(service: dict[str, Any]) -> Iterator[str]:
    yield from service.get("depends_on", {})


def _rows(machine: Machine) -> int:
    settings = Settings.load(
        {
            name: machine.here(value)
            for name, value in SERVICES["expire"]["environment"].items()
            if name.startswith("FORTNIGHT_")
        }
    )
    watch = Watch(open_lake(open_stores(settings), settings), settings.home_region)
    with Cluster(settings.bootstrap_servers) as cluster:
        return watch.look(cluster).total_rows


def _is_well(machine: Machine, name: str) -> bool:
    with machine.healthcheck(name) as health:
        return health.wait(within=timedelta(seconds=30)) == 0


def _sees_the_worker(machine: Machine) -> bool:
    token = Path(machine.here("/run/secrets/console-token")).read_text("utf-8")
    asker = HTTPConnection(machine.here("127.0.0.1:9321"), timeout=30)
    with closing(asker):
        asker.request("GET", "/metrics", headers={"authorization": f"Bearer {token}"})
        told = parse_text(asker.getresponse().read().decode(), WATCH_METRICS)
    return told[REACHABLE]["worker", machine.here("http://worker:9100/metrics")] == 1


def test_the_document_is_valid_by_the_specification() -> None:
    if SPECIFICATION.exists():  # where it is not, the tests below check what we rely on
        specification = json.loads(SPECIFICATION.read_text("utf-8"))
        jsonschema.Draft7Validator(specification).validate(DOCUMENT)
    assert {"services", "volumes", "secrets"} <= DOCUMENT.keys()
    assert all(("image" in service) for service in SERVICES.values())


def test_services_depend_only_on_services_that_can_be_waited_for() -> None:
    for service in SERVICES.values():
        for name in _dependencies(service):
            condition = service["depends_on"][name]["condition"]
            if condition == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert condition == "service_completed_successfully"
                assert name in ONCE


def test_the_services_are_the_demos_and_run_the_same_kafka() -> None:
    assert set(SERVICES) == {*SERVERS, *ONCE, *FOR_EVER}
    assert set(OURS) == {*ONCE, *FOR_EVER}
    (kafka,) = (jar for jar in locked() if jar.artifact == "kafka_2.13")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka.version}"


def test_no_secret_is_in_the_document() -> None:
    assert "env:" not in yaml.safe_dump(DOCUMENT)
    assert DOCUMENT["secrets"] == {
        "keyring-passphrase": {"environment": "FORTNIGHT_KEYRING_PASSPHRASE"},
        "console-token": {"environment": "FORTNIGHT_CONSOLE_TOKEN"},
    }


def test_no_port_is_published_but_to_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_runs_for_ever_is_started_again_and_says_whether_it_is_well() -> None:
    for name in FOR_EVER:
        assert SERVICES[name]["restart"] in {"on-failure", "unless-stopped"}
    for name in ("worker", "watch", *SERVERS):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_watch_and_who_reads_it_have_no_secret_but_its_token() -> None:
    for name in ("watch", "prometheus"):
        assert SERVICES[name]["secrets"] == ["console-token"]
    jobs = _yaml(ROOT / "deploy" / "prometheus" / "prometheus.yml")["scrape_configs"]
    tokens = {job["authorization"]["credentials_file"] for job in jobs}
    asked = SERVICES["worker"]["environment"]["FORTNIGHT_METRICS_TOKEN"]
    assert {f"file:{token}" for token in tokens} == {asked} <= set(SERVICES["watch"]["command"])


def test_watch_asks_every_worker_by_a_name_behind_which_there_may_be_more() -> None:
    command = SERVICES["watch"]["command"]
    asked = urlsplit(command[command.index("--worker") + 1])
    worker = SERVICES[str(asked.hostname)]
    assert str(asked.port) == worker["environment"]["FORTNIGHT_METRICS_PORT"]
    assert worker.keys() & {"container_name", "hostname", "ports"} == set()  # of one only


def test_every_file_that_is_mounted_is_there_and_grafana_finds_its_dashboards() -> None:
    mounts = dict(
        volume.split(":")[:2]
        for name in ("prometheus", "grafana")
        for volume in SERVICES[name]["volumes"]
    )
    inside = {there: ROOT / here for here, there in mounts.items() if here.startswith("./")}
    assert all(path.is_dir() for path in inside.values())
    dashboards = inside["/var/lib/grafana/dashboards"]
    provisioning = inside["/etc/grafana/provisioning"]
    (provider,) = _yaml(provisioning / "dashboards" / "fortnight.yml")["providers"]
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (dashboards / Path(home).name).exists()
    (source,) = _yaml(provisioning / "datasources" / "prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    prometheus = _yaml(inside["/etc/prometheus"] / "prometheus.yml")
    assert set(prometheus["rule_files"]) <= {
        one.name for one in inside["/etc/prometheus"].iterdir()
    }


def _yaml(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


@pytest.mark.kafka
def test_every_command_runs_as_printed_and_rows_become_durable(machine: Machine) -> None:
    for name in (*ONCE, *ONCE):  # twice, as services are that are started again
        with machine.run(name) as once:
            assert once.wait(within=timedelta(seconds=60)) == 0, once.last_lines()
    with ExitStack() as running:
        services = [running.enter_context(machine.run(name)) for name in FOR_EVER]
        services[0].wait_until(lambda: _rows(machine) > 0, within=timedelta(seconds=120))
        for service in services:
            service.check()
        for name in ("worker", "watch"):
            services[0].wait_until(partial(_is_well, machine, name), within=timedelta(seconds=60))
        services[0].wait_until(partial(_sees_the_worker, machine), within=timedelta(seconds=60))
        services[0].stop(patience=timedelta(seconds=40))
        assert services[0].status == 0, services[0].last_lines()
