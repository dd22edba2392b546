"""What is deployed: manifests and units fit Kubernetes and systemd, and they fit this program."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml
from typer.main import get_command

from jobs.cli import app
from jobs.roles.declared import roles
from schemas.metrics import METRICS
from schemas.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.*e*"))
_OF_A_TIMER = re.compile(r"^Unit=(.+)$", re.MULTILINE)
STARTED = {
    unit.name: _OF_A_TIMER.findall(unit.read_text("utf-8"))
    for unit in UNITS
    if unit.suffix == ".timer"
}
"""Timer -> what it starts."""
JOBS = [
    name.removeprefix("fortnight-job@").removesuffix(".service")
    for names in STARTED.values()
    for name in names
    if name.startswith("fortnight-job@")
]
VERSIONS = ("1.33", "1.37")
"""The oldest and the newest minor version that is tried."""


def manifests() -> Iterator[dict[str, Any]]:
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            if document["kind"] != "Kustomization":
                yield from document["items"] if document["kind"] == "List" else [document]


MANIFESTS = {f"{one['kind']}/{one['metadata']['name']}": one for one in manifests()}


def pods() -> dict[str, dict[str, Any]]:
    """The pod of everything that makes pods: its labels and its spec."""
    found = {}
    for name, one in MANIFESTS.items():
        spec = one.get("spec", {})
        spec = spec["jobTemplate"]["spec"] if one["kind"] == "CronJob" else spec
        if "template" in spec:
            found[name] = spec["template"]
    return found


PODS = pods()


def check_command(words: list[str]) -> None:
    """Parse it as it would be parsed, and run nothing."""
    program, *arguments = words
    assert Path(program).name in ("fortnight", "fortnight-worker")
    if Path(program).name == "fortnight":
        group: Any = get_command(app)
        name, command, rest = group.resolve_command(
            group.make_context("fortnight", [*arguments]), arguments
        )
        assert command is not None
        command.make_context(name, rest)
    else:
        assert not arguments


def settings_in(variables: Mapping[str, str]) -> Settings:
    return Settings.load({k: v for k, v in variables.items() if k.startswith(PREFIX)})


@pytest.mark.parametrize("name", MANIFESTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_a_manifest_is_what_kubernetes_api_says(name: str, version: str) -> None:
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_nobody_and_can_write_nowhere_but_to_its_scratch(name: str) -> None:
    pod = PODS[name]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    writable = {one["name"] for one in pod["volumes"] if "secret" not in one}
    assert writable == {"scratch"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        assert all({"cpu", "memory"} == set(one) for one in container["resources"].values())


@pytest.mark.parametrize("name", PODS)
def test_a_pod_runs_a_command_that_is_there_as_a_role_that_is_there(name: str) -> None:
    pod = PODS[name]["spec"]
    (container,) = pod["containers"]
    check_command(container["args"])
    assert pod["serviceAccountName"] in {role.name for role in roles(Settings())}
    assert f"ServiceAccount/{pod['serviceAccountName']}" in MANIFESTS
    given = {one["name"]: one["value"] for one in container.get("env", [])}
    settings_in(MANIFESTS["ConfigMap/fortnight-settings"]["data"] | given)


@pytest.mark.parametrize("name", PODS)
def test_a_secret_that_a_pod_refers_to_lies_where_it_mounts_one(name: str) -> None:
    (container,) = PODS[name]["spec"]["containers"]
    told = [*container["args"], *(one["value"] for one in container.get("env", []))]
    mounted = {one["mountPath"] for one in container["volumeMounts"]}
    files = [file for word in told for file in re.findall(r"\bfile:(\S+)", word)]
    assert {str(Path(file).parent) for file in files} <= mounted


def test_numbers_that_can_be_read_from_another_pod_need_a_token() -> None:
    given = {
        name: " ".join(container["args"] + [one["name"] for one in container.get("env", [])])
        for name, pod in PODS.items()
        for container in pod["spec"]["containers"]
        if container.get("ports")
    }
    assert given.keys() == {"Deployment/watch", "Deployment/worker"}
    assert all("--token=" in words or "METRICS_TOKEN" in words for words in given.values())


def test_only_who_makes_pseudonyms_is_given_the_keyring_and_only_an_officer_the_ledgers_key() -> (
    None
):
    given: dict[str, set[str]] = {}
    for name, pod in PODS.items():
        for volume in pod["spec"]["volumes"]:
            secret = volume.get("secret", {})
            items = [item["key"] for item in secret.get("items", [])] or ["all"]
            for item in items:
                given.setdefault(f"{secret.get('secretName')}: {item}", set()).add(name)
    assert given["fortnight-keyring: all"] == {"Deployment/worker", "CronJob/follow"}
    assert given["fortnight-ledger: all"] == {"CronJob/follow"}
    assert given["fortnight-ledger-public: all"] == {"CronJob/verify"}
    upkeep = {f"CronJob/{job}" for job in JOBS}
    assert given["fortnight-keyring: passphrase"] == upkeep  # opens holds, and no keyring


@pytest.mark.parametrize("name", PODS)
def test_a_pod_speaks_to_kafka_with_the_certificate_of_its_role_and_is_let_through(
    name: str,
) -> None:
    pod = PODS[name]["spec"]
    role = next(one for one in roles(Settings()) if one.name == pod["serviceAccountName"])
    held = {volume.get("secret", {}).get("secretName") for volume in pod["volumes"]}
    assert (f"fortnight-kafka-{role.name}" in held) == bool(role.kafka)
    rule = MANIFESTS["NetworkPolicy/kafka"]["spec"]["podSelector"]["matchExpressions"][0]
    component = PODS[name]["metadata"]["labels"]["app.kubernetes.io/component"]
    assert (component in rule["values"]) == bool(role.kafka)


def test_every_secret_is_told_in_the_page_beside_the_manifests() -> None:
    page = (ROOT / "deploy" / "kubernetes" / "README.md").read_text("utf-8")
    names = set(re.findall(r"secretName: ([\w-]+)", "".join(map(yaml.safe_dump, PODS.values()))))
    assert names
    assert {name for name in names if f"`{name}`" not in page} == set()


def test_the_network_is_closed_and_opened_for_ports_that_are_served() -> None:
    closed = MANIFESTS["NetworkPolicy/nothing"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    opened = MANIFESTS["NetworkPolicy/metrics"]["spec"]["ingress"][0]["ports"]
    served = {
        port["containerPort"]
        for pod in PODS.values()
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
        if port["name"] == "metrics"
    }
    assert {port["port"] for port in opened} == served


def test_watch_asks_every_worker_by_a_name_of_theirs_and_is_let_through() -> None:
    (watch,) = PODS["Deployment/watch"]["spec"]["containers"]
    (worker,) = PODS["Deployment/worker"]["spec"]["containers"]
    (url,) = (word.removeprefix("--worker=") for word in watch["args"] if "--worker" in word)
    asked = urlsplit(url)
    service = MANIFESTS[f"Service/{asked.hostname}"]["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    labels = {
        name: PODS[f"Deployment/{name}"]["metadata"]["labels"] for name in ("watch", "worker")
    }
    assert service["selector"] == labels["worker"]
    (port,) = service["ports"]
    assert (port["targetPort"], asked.port) in {
        (one["name"], one["containerPort"]) for one in worker["ports"]
    }
    assert {one["port"] for one in (port, *_opened("watch", "worker", labels))} == {asked.port}
    token = {(one["name"], one["value"]) for one in watch["env"]}
    assert token <= {(one["name"], one["value"]) for one in worker["env"]}


def _opened(
    one: str, other: str, labels: Mapping[str, Mapping[str, str]]
) -> Iterator[Mapping[str, Any]]:
    """What one may ask of another, by the rules at both ends."""
    for policy, here, rules, there in (
        ("watch-to-workers", one, "egress", other),
        ("workers-from-watch", other, "ingress", one),
    ):
        spec = MANIFESTS[f"NetworkPolicy/{policy}"]["spec"]
        (rule,) = spec[rules]
        assert spec["policyTypes"] == [rules.capitalize()]
        assert spec["podSelector"]["matchLabels"].items() <= labels[here].items()
        (peer,) = rule["to" if rules == "egress" else "from"]
        assert peer["podSelector"]["matchLabels"].items() <= labels[there].items()
        yield from rule["ports"]


def test_workers_are_scaled_by_a_metric_that_watch_has_and_no_further_than_partitions() -> None:
    scaling = MANIFESTS["HorizontalPodAutoscaler/worker"]["spec"]
    (metric,) = (one["external"]["metric"] for one in scaling["metrics"])
    assert metric["name"] in {one.name for one in METRICS}
    chosen = settings_in(MANIFESTS["ConfigMap/fortnight-settings"]["data"])
    assert metric["selector"]["matchLabels"] == {"group": chosen.group}
    assert scaling["maxReplicas"] <= chosen.partitions


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_that_is_there_with_settings_that_are_there(unit: Path) -> None:
    lines = unit.read_text("utf-8").splitlines()
    assert all(re.match(r"(\[\w+\]|[A-Z]\w+=.*|#.*|)$", line) for line in lines)
    for line in lines:
        if line.startswith("ExecStart="):
            for instance in JOBS if unit.name.startswith("fortnight-job@") else ["1"]:
                command = line.removeprefix("ExecStart=").replace("%i", instance)
                check_command(shlex.split(command))
    given = [line.removeprefix("Environment=") for line in lines if line.startswith("Environment=")]
    variables = dict(one.split("=", 1) for one in given)
    settings_in(variables | ({PREFIX + "KAFKA_SECURITY": "tls"} if variables else {}))


def test_every_job_of_kubernetes_has_a_timer_and_the_other_way_round() -> None:
    crons = {name.partition("/")[2] for name in PODS if name.startswith("CronJob/")}
    assert {f"fortnight-{job}.timer" for job in crons} == set(STARTED)
    assert crons >= {"expire", "sweep", "compact", "reconcile", "follow", "verify"}
    units = {unit.name for unit in UNITS}
    for timer, (unit,) in STARTED.items():
        assert timer.removeprefix("fortnight-").removesuffix(".timer") in unit
        assert re.sub(r"@\w+", "@", unit) in units


if shutil.which("systemd-analyze"):  # elsewhere, what is tested above is all that can be said

    def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
        here = str(Path(sys.executable).parent)
        for unit in UNITS:
            text = unit.read_text("utf-8").replace("/opt/fortnight/bin", here)
            (tmp_path / unit.name).write_text(text, "utf-8")
        found = subprocess.run(  # noqa: S603 - the units are ours
            ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        assert (found.returncode, found.stdout + found.stderr) == (0, "")
