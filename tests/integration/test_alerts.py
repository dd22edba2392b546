"""What Prometheus and Grafana are given, without either running; `test_readme.py` runs them."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from support.monitoring import DEPLOY, metrics_in, missing

from jobs.demo.system import new_home
from jobs.documents import DEPLOY as DEPLOYED
from jobs.documents import stale
from jobs.watch import EVERY, FLUSHES, console
from jobs.watch.grafana.dashboards import DASHBOARDS
from jobs.watch.problems import Runbook
from jobs.watch.prometheus.alerts import ALERTS, WATCH_AWAY
from jobs.watch.runbooks import titles
from schemas.metrics import METRICS

RULES = DEPLOY / "prometheus"
KNOWN = {metric.name for metric in METRICS}


def test_what_is_deployed_is_what_is_told_here() -> None:
    assert stale(DEPLOY, DEPLOYED) == []


def test_every_metric_is_on_a_dashboard_and_every_panels_metric_is_one() -> None:
    queries = [query for one in DASHBOARDS for panel in one.panels for query, _ in panel.queries]
    assert {metric for query in queries for metric in metrics_in(query)} == KNOWN


def test_a_panel_shows_only_labels_that_its_metrics_have() -> None:
    labels = {metric.name: {*metric.labels, "instance"} for metric in METRICS}
    for panel in (panel for one in DASHBOARDS for panel in one.panels):
        for query, legend in panel.queries:
            shown = set(re.findall(r"{{(\w+)}}", legend))
            assert all(shown <= labels[metric] for metric in metrics_in(query)), panel.title


def test_panels_lie_beside_each_other_and_never_on_top() -> None:
    for path in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        places = [panel["gridPos"] for panel in json.loads(path.read_text("utf-8"))["panels"]]
        squares = Counter(
            (x, y)
            for at in places
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        )
        assert max(squares.values()) == 1
        assert max(x for x, _ in squares) < 24


def test_everything_that_can_be_wrong_has_an_alert_and_every_alert_a_runbook() -> None:
    assert {alert.page for alert in ALERTS} == {*Runbook, WATCH_AWAY} == set(titles())
    assert {metric for alert in ALERTS for metric in metrics_in(alert.query)} <= KNOWN


def test_a_stopped_worker_of_the_demo_shows_within_15_seconds_by_what_is_configured(
    tmp_path: Path,
) -> None:
    asking = yaml.safe_load((RULES / "prometheus.yml").read_text("utf-8"))["global"]
    scrape, evaluation = (_seconds(asking[f"{what}_interval"]) for what in ("scrape", "evaluation"))
    (stuck,) = (alert for alert in ALERTS if alert.name == "PartitionStuck")
    script = (Path(console.__file__).parent / "web" / "console.js").read_text("utf-8")
    (refresh,) = re.findall(r"EVERY_MS = (\d+);", script)
    may_wait = FLUSHES * new_home(tmp_path, {}).settings.flush_period.total_seconds()
    seen = may_wait + 2 * EVERY.total_seconds()  # a look that still saw it move, and the last one
    assert seen + scrape + evaluation + _seconds(stuck.holds) <= 12
    assert seen + int(refresh) / 1000 <= 12


def _seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def test_every_alert_is_tested_in_trouble_and_without() -> None:
    tests = yaml.safe_load((RULES / "rules_test.yml").read_text("utf-8"))["tests"]
    told = [test["name"] for test in tests]
    assert told == [f"{one.name} {what}" for one in ALERTS for what in ("fires", "is silent")]


@pytest.mark.skipif(bool(missing()), reason=f"{missing()}: not on this machine")
@pytest.mark.parametrize(
    "command",
    [
        ["test", "rules", "rules_test.yml"],
        ["check", "rules", "rules.yml"],
        ["check", "config", "--syntax-only", "prometheus.yml"],  # the token is not here
    ],
)
def test_promtool_finds_nothing_wrong(command: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - our arguments
        ["promtool", *command],  # noqa: S607 - from the path, as where people have it
        cwd=RULES,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
