import itertools
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from support.demo import PATIENCE, Demo, listening
from support.monitoring import Monitoring, metrics_in, missing, monitoring
from support.surfaces import Surfaces, reader, true_time
from typer.testing import CliRunner

from jobs.cli import app
from jobs.cli.figures import FOLDER, add
from jobs.demo.processes import free_port
from jobs.watch.grafana.dashboards import DASHBOARDS
from jobs.watch.prometheus.alerts import ALERTS
from schemas.metrics import KAFKA_LAG_SECONDS, LOOKED_AT

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")
RUNBOOKS = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs/runbooks").glob("*.md")}


def _commands(block: str) -> list[str]:
    return [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]


def _blocks(page: str) -> list[list[str]]:
    found = re.findall(r"<!-- commands: demo -->\n```console\n(.*?)```", page, re.DOTALL)
    return [_commands(block) for block in found]


def test_every_make_target_that_is_told_is_there() -> None:
    told = set(
        re.findall(r"\bmake ([a-z][a-z-]*)", README + (ROOT / "CONTRIBUTING.md").read_text())
    )
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert told <= targets


def test_every_file_that_is_told_is_there() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    paths = re.findall(r"\btests/[\w/.-]+\.py\b", README)
    missing = [path for path in [*links, *paths] if not (ROOT / path).exists()]
    assert missing == []


@pytest.fixture(scope="module")
def metrics_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, metrics_port: int) -> Iterator[Demo]:
    """A demo as the README starts it; in the end it is ended, and leaves nothing behind."""
    folder = tmp_path_factory.mktemp("demo")
    with Demo(folder, "--keep", FORTNIGHT_METRICS_PORT=str(metrics_port)) as running:
        running.wait_for_rows()
        yield running
        running.check()
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(within=PATIENCE) == 0
        assert running.left() == []


@pytest.mark.kafka
def test_the_commands_beside_a_demo_run_as_printed(demo: Demo, tmp_path: Path) -> None:
    (commands,) = _blocks(README)
    assert commands[0] == ". build/demo/environment"
    for command in commands[1:]:
        assert demo.in_shell(command, tmp_path), f"{command} says nothing"
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.kafka
def test_the_commands_of_every_runbook_run_as_printed(demo: Demo, tmp_path: Path) -> None:
    commands = {line for page in RUNBOOKS.values() for block in _blocks(page) for line in block}
    (read,) = _blocks(README)  # which have just been run
    for command in sorted(commands - set(read)):
        assert demo.in_shell(f"{command} || [ $? = 1 ]", tmp_path), f"{command} says nothing"


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_says_what_it_means_how_to_see_it_what_to_do_and_what_not(name: str) -> None:
    heads = re.findall(r"^## (.*)$", RUNBOOKS[name], re.MULTILINE)
    assert heads[:4] == ["What it means", "How to see it", "What to do", "What not to do"]
    assert _blocks(RUNBOOKS[name])
    links = re.findall(r"\]\(([^)#]+)\)", RUNBOOKS[name])
    assert [link for link in links if link.removesuffix(".md") not in RUNBOOKS] == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_names_no_command_that_is_not_there(name: str) -> None:
    for line in re.findall(r"fortnight ([a-z][^`\n]*)", RUNBOOKS[name].replace("\n  ", " ")):
        words = itertools.takewhile(re.compile(r"[a-z][a-z-]*$").match, line.split())
        found = CliRunner().invoke(app, [*list(words)[:2], "--help"])
        assert found.exit_code == 0, line
        told = found.output
        assert [option for option in re.findall(r"--[a-z-]+", line) if option not in told] == []


@pytest.fixture(scope="module")
def beside(
    demo: Demo, metrics_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Monitoring]:
    """Watch and Prometheus, as they are deployed, beside the demo."""
    if missing():
        pytest.skip(f"{missing()}: not on this machine")
    folder = tmp_path_factory.mktemp("monitoring")
    with monitoring(folder, demo.folder / "environment", metrics_port) as running:
        yield running


@pytest.mark.kafka
def test_nobody_listens_on_anything_but_127_0_0_1(demo: Demo, beside: Monitoring) -> None:
    watching = [psutil.Process(one.pid) for one in (beside.watch, beside.server)]
    found = listening([*demo.processes(), *watching])
    for part in ("kafka", "moto_s3", "fortnight-worker", "fortnight watch", "prometheus"):
        assert any(part in name for name in found), f"{part} listens nowhere"
    assert {address for addresses in found.values() for address in addresses} == {"127.0.0.1"}


@pytest.mark.kafka
def test_prometheus_finds_what_panels_and_alerts_ask_for(beside: Monitoring) -> None:
    silent = {query for one in DASHBOARDS for panel in one.panels for query, _ in panel.queries}

    def all_answered() -> bool:
        silent.difference_update([query for query in silent if beside.ask(query)])
        return not silent

    beside.watch.wait_until(all_answered, within=PATIENCE)
    assert {metric for alert in ALERTS for metric in metrics_in(alert.query)} <= beside.known()
    told = {rule["name"]: rule["health"] for rule in beside.rules()}
    assert told == {alert.name: "ok" for alert in ALERTS}


@pytest.mark.kafka
@pytest.mark.usefixtures("credentials")
def test_a_stopped_worker_shows_wherever_one_looks_with_its_true_lag_until_it_goes_on(
    demo: Demo, beside: Monitoring, tmp_path: Path
) -> None:
    (worker,) = (p for p in demo.processes() if "fortnight-worker" in " ".join(p.cmdline()))
    settings = demo.settings()
    with reader(beside, tmp_path) as page:
        surfaces = Surfaces.of(beside, page)
        worker.suspend()
        began = time.monotonic()
        beside.watch.wait_until(lambda: surfaces.all_say_so(began), within=PATIENCE)
        told = beside.numbers()
        ((looked),) = told[LOOKED_AT].values()
        lags = {(key[2], int(key[3])): lag for key, lag in told[KAFKA_LAG_SECONDS].items() if lag}
        off = [
            abs(lag - (looked - true_time(settings, *place).timestamp()))
            for place, lag in sorted(lags.items(), key=lambda one: -one[1])[:3]
        ]
        assert len(off) == 3
        assert max(off) < 2  # seconds, of the same instant: a slow machine changes nothing
        worker.resume()
        went_on = time.monotonic()
        beside.watch.wait_until(surfaces.none_says_so, within=PATIENCE)
        beside.watch.wait_until(lambda: "Nothing is wrong" in beside.page(), within=PATIENCE)
    figures = {f"stopped_worker_{name}_seconds": when for name, when in surfaces.seen.items()}
    figures["stopped_worker_cleared_seconds"] = round(time.monotonic() - went_on, 1)
    figures["lag_off_by_seconds"] = round(max(off), 3)
    add(figures, ROOT / FOLDER / "watch.json")
