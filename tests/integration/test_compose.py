import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

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
from schemas.settings import Settings
from storage.places import open_lake, open_stores

SPECIFICATION = ROOT.parent / "shared" / "schemas" / "compose-spec.json"
ONCE, FOR_EVER = ("topics", "storage", "keys"), ("worker", "fleet", "expire", "sweep", "compact")


@pytest.fixture
def machine(own_broker: Broker, own_s3: S3Server, tmp_path: Path) -> Machine:
    (tmp_path / "passphrase").write_text("correct horse battery staple")
    places = {
        "kafka:19092": own_broker.address,
        "http://s3:5000": own_s3.url,
        "/var/lib/fortnight": str(tmp_path),
        "/run/secrets/keyring-passphrase": str(tmp_path / "passphrase"),
        "9100": str(free_port()),
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
    assert set(SERVICES) == {"kafka", "s3", *ONCE, *FOR_EVER}
    assert set(OURS) == {*ONCE, *FOR_EVER}
    (kafka,) = (jar for jar in locked() if jar.artifact == "kafka_2.13")
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka.version}"


def test_no_secret_is_in_the_document() -> None:
    assert "env:" not in yaml.safe_dump(DOCUMENT)
    assert DOCUMENT["secrets"] == {
        "keyring-passphrase": {"environment": "FORTNIGHT_KEYRING_PASSPHRASE"}
    }


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
        with machine.healthcheck("worker") as health:
            assert health.wait(within=timedelta(seconds=30)) == 0, health.last_lines()
        services[0].stop(patience=timedelta(seconds=40))
        assert services[0].status == 0, services[0].last_lines()
