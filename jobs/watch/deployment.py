"""What Prometheus and Grafana are given, as files of `deploy`."""

from collections.abc import Iterator

from jobs.watch.grafana.dashboards import DASHBOARDS, document
from jobs.watch.prometheus.alerts import rules


def files() -> Iterator[tuple[str, bytes]]:
    """(file's path, content) of each that is written from here."""
    yield "prometheus/rules.yml", rules().encode()
    for one in DASHBOARDS:
        yield f"grafana/dashboards/{one.name}.json", document(one).encode()
