"""Two dashboards for Grafana: how records become durable, and how long rows stay.

`deploy/grafana/dashboards` is written from here: a panel is a title, a unit and its queries. A test
runs every query on a real Prometheus, and insists that every metric is on a panel.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jobs.watch.grafana.panels import INGESTION, RETENTION, Panel

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_COLUMNS, _HEIGHT = 24, 8


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels.

    Attributes:
        name: Of its file, and its address in Grafana.
    """

    name: str
    title: str
    panels: Sequence[Panel]


DASHBOARDS = (
    Dashboard("fortnight-ingestion", "Fortnight: ingestion and lag", INGESTION),
    Dashboard("fortnight-retention", "Fortnight: retention and privacy", RETENTION),
)


def document(dashboard: Dashboard) -> str:
    """The dashboard as Grafana's JSON; the same panels give the same bytes."""
    found = {
        "uid": dashboard.name,
        "title": dashboard.title,
        "tags": ["fortnight"],
        "schemaVersion": 39,
        "editable": False,
        "graphTooltip": 1,  # one cross-hair for all panels
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "links": [_link(other) for other in DASHBOARDS if other is not dashboard],
        "templating": {"list": [_SOURCE_CHOICE]},
        "annotations": {"list": [_ALERTS]},
        "panels": _placed(dashboard.panels),
    }
    return json.dumps(found, indent=2) + "\n"


_SOURCE_CHOICE = {
    "name": "source",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
}
_ALERTS = {
    "name": "Alerts",
    "datasource": _SOURCE,
    "enable": True,
    "iconColor": "red",
    "expr": 'ALERTS{alertstate="firing"}',
    "titleFormat": "{{alertname}}",
}


def _link(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "title": dashboard.title,
        "type": "link",
        "url": f"/d/{dashboard.name}",
        "keepTime": True,
    }


def _placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels in rows of 24 columns, in their order."""
    found, x, y = [], 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > _COLUMNS:
            x, y = 0, y + _HEIGHT
        place = {"x": x, "y": y, "w": panel.width, "h": _HEIGHT}
        found.append({"id": number, "gridPos": place, **_panel(panel)})
        x += panel.width
    return found


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + i),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend,
                "instant": panel.kind == "stat",
                "range": panel.kind != "stat",
            }
            for i, (query, legend) in enumerate(panel.queries)
        ],
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green" if panel.limit else "text", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
        if panel.limit_is_least:
            steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.limit}]
    return {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "mappings": [{"type": "value", "options": _mapping(panel)}] if panel.words else [],
        "custom": {"lineWidth": 1, "fillOpacity": 8} if panel.kind == "timeseries" else {},
    }


def _mapping(panel: Panel) -> dict[str, Any]:
    return {
        value: {"text": text, "color": colour, "index": i}
        for i, (value, text, colour) in enumerate(panel.words)
    }


def _options(panel: Panel) -> dict[str, Any]:
    match panel.kind:
        case "stat":
            return {
                "colorMode": "value" if panel.limit is not None else "none",
                "reduceOptions": {"calcs": ["lastNotNull"]},
            }
        case "state-timeline":
            return {"showValue": "never", "mergeValues": True, "legend": {"showLegend": True}}
        case _:
            return {"legend": {"displayMode": "list"}, "tooltip": {"mode": "multi", "sort": "desc"}}
