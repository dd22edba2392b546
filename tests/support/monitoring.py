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
from secrets import token_urlsafe
from typing import Any

import yaml

from jobs.demo.processes import Process, free_port
from jobs.watch.places.workers import Numbers
from schemas.exposition import parse_text
from schemas.metrics import WATCH_METRICS

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
PROGRAMS = ("prometheus", "promtool")
_PATIENCE = timedelta(seconds=60)
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
        metrics: URL of watch's metrics.
        prometheus: URL of Prometheus.
        token: What watch asks for.
        watch: Its process.
        server: Prometheus' process.
    """

    console: str
    metrics: str
    prometheus: str
    token: str
    watch: Process
    server: Process

    def page(self) -> str:
        """What the console shows now."""
        return self._read(self.console)

    def numbers(self) -> Numbers:
        """What watch tells of its last look."""
        return parse_text(self._read(self.metrics), WATCH_METRICS)

    def _read(self, url: str) -> str:
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {self.token}"})  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - this machine's
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
    """Watch a system that runs, as often as is the default; both end on the way out.

    Args:
        folder: For logs and what Prometheus keeps.
        environment: The file that sets a shell up for the system.
        worker: Port of its worker's metrics.
    """
    metrics, console, prometheus = (free_port() for _ in range(3))
    url = f"http://127.0.0.1:{worker}/metrics"
    token = folder / "token"
    token.write_text(token_urlsafe(), "utf-8")
    watch = (
        f". {environment}; exec fortnight watch"
        f" --port {metrics} --console {console} --token file:{token} --worker {url}"
    )
    _configure(folder, {"fortnight-watch": metrics, "fortnight-worker": worker}, console, token)
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
        found = Monitoring(
            f"http://127.0.0.1:{console}/",
            f"http://127.0.0.1:{metrics}/metrics",
            f"http://127.0.0.1:{prometheus}",
            token.read_text("utf-8"),
            shell,
            server,
        )
        server.wait_until(lambda: _answers(found), within=_PATIENCE)
        yield found


def _configure(folder: Path, ports: dict[str, int], console: int, token: Path) -> None:
    """`deploy`'s configuration, with what is where on this machine."""
    configured = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    configured["global"]["external_labels"] = {"console": f"http://127.0.0.1:{console}"}
    watch, worker = configured["scrape_configs"]
    del worker["dns_sd_configs"]
    for job in (watch, worker):
        job["authorization"]["credentials_file"] = str(token)
        port = ports[job["job_name"]]
        job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configured), "utf-8")
    shutil.copy(DEPLOY / "prometheus" / "rules.yml", folder)


def _answers(found: Monitoring) -> bool:
    try:
        return bool(found.page() and found.ask("count(up == 1) == 2"))
    except OSError:
        return False
