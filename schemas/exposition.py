"""Prometheus' text format 0.0.4: written for whoever scrapes, and read back by watch."""

import re
from collections.abc import Iterable, Mapping

from schemas.metrics import Metric

Values = Mapping[tuple[str, ...], float]
"""Labels' values, in the order of the metric's labels -> the number."""

_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)", re.ASCII)
_LABEL = re.compile(r'(?P<name>[a-zA-Z_]\w*)="(?P<value>(?:[^"\\]|\\.)*)"', re.ASCII | re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def format_text(numbers: Mapping[Metric, Values], shown: Iterable[Metric]) -> str:
    """Write metrics down: of each what it is, and its numbers by their labels.

    Args:
        numbers: What is known; a metric that is not there has no number.
        shown: Which metrics, in their order.
    """
    lines: list[str] = []
    for metric in shown:
        lines += (f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}")
        for labels, value in sorted(numbers.get(metric, {}).items()):
            lines.append(f"{metric.name}{_labels(metric, labels)} {value:.15g}")
    return "\n".join(lines) + "\n"


def parse_text(text: str, known: Iterable[Metric]) -> dict[Metric, dict[tuple[str, ...], float]]:
    """Read numbers back; those of metrics that are not known, or with other labels, are left out.

    Raises:
        ValueError: A line is none of the format.
    """
    metrics = {metric.name: metric for metric in known}
    found: dict[Metric, dict[tuple[str, ...], float]] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        if (match := _LINE.fullmatch(line)) is None:
            raise ValueError("not a line of Prometheus' text format")
        labels = {
            label["name"]: _ESCAPED.sub(_meant, label["value"])
            for label in _LABEL.finditer(match["labels"] or "")
        }
        metric = metrics.get(match["name"])
        if metric is not None and labels.keys() == set(metric.labels):
            key = tuple(labels[name] for name in metric.labels)
            found.setdefault(metric, {})[key] = float(match["value"])
    return found


def _labels(metric: Metric, values: tuple[str, ...]) -> str:
    pairs = (f'{name}="{_escape(one)}"' for name, one in zip(metric.labels, values, strict=True))
    return "{" + ",".join(pairs) + "}" if values else ""


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _meant(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] == "n" else escaped[1]
