"""`fortnight watch` and a real Prometheus beside a system, set up as `deploy` sets it up."""

import json
import re
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from jobs.demo.processes import Process, free_port

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
PROGRAMS = ("prometheus", "promtool")
_PATIENCE = timedelta(seconds=60)
_EVERY = "1s"
_METRIC = re.compile(r"\b(?:fortnight|kafka)_[a-z_]+\b")


def missing() -> str:
    """Which program is not on this machine; empty where both are."""
    return " and ".join(name for name in PROGRAMS if shutil.which(name) is None)


def metrics_in(query: str) -> set[str]:
    """The names of metrics in a query."""
    return set(_METRIC.findall(query))


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Both, at work.

    Attributes:
        console: URL of watch's console.
        prometheus: URL of Prometheus.
        watch: The process.
    """

    console: str
    prometheus: str
    watch: Process

    def page(self) -> str:
        """What the console shows now."""
        with urllib.request.urlopen(self.console) as answer:  # noqa: S310 - this machine's
            return str(answer.read().decode())

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The series that a query finds now."""
        return self._get("query", query=query)["result"]  # type: ignore[no-any-return]

    def known(self) -> set[str]:
        """The metrics that what was scraped says it has, also those without a number yet."""
        return set(self._get("metadata"))

    def rules(self) -> list[dict[str, Any]]:
        """The alerts that Prometheus knows, with their health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        url = f"{self.prometheus}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - this machine's
            return json.load(answer)["data"]  # type: ignore[no-any-return]


@contextmanager
def monitoring(folder: Path, environment: Path, worker: int) -> Iterator[Monitoring]:
    """Watch a system that runs, every second; both end on the way out.

    Args:
        folder: For logs and what Prometheus keeps.
        environment: The file that sets a shell up for the system.
        worker: Port of its worker's metrics.
    """
    metrics, console, prometheus = (free_port() for _ in range(3))
    url = f"http://127.0.0.1:{worker}/metrics"
    watch = (
        f". {environment}; exec fortnight watch --every 1"
        f" --port {metrics} --console {console} --worker {url}"
    )
    _configure(folder, {"fortnight-watch": metrics, "fortnight-worker": worker}, console)
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{prometheus}",
    ]
    with ExitStack() as running:
        shell = Process("watch", ["/bin/bash", "-c", watch], log=folder / "watch.log")
        running.enter_context(shell)
        server = running.enter_context(
            Process("prometheus", command, log=folder / "prometheus.log")
        )
        found = Monitoring(f"http://127.0.0.1:{console}/", f"http://127.0.0.1:{prometheus}", shell)
        server.wait_until(lambda: _answers(found), within=_PATIENCE)
        yield found


def _configure(folder: Path, ports: dict[str, int], console: int) -> None:
    """`deploy`'s configuration, with what is where on this machine."""
    configured = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    configured["global"] |= {
        "scrape_interval": _EVERY,
        "evaluation_interval": _EVERY,
        "external_labels": {"console": f"http://127.0.0.1:{console}"},
    }
    assert [job["job_name"] for job in configured["scrape_configs"]] == list(ports)
    configured["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
        for job, port in ports.items()
    ]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configured), "utf-8")
    shutil.copy(DEPLOY / "prometheus" / "rules.yml", folder)


def _answers(found: Monitoring) -> bool:
    try:
        return bool(found.page() and found.ask("count(up == 1) == 2"))
    except OSError:
        return False
