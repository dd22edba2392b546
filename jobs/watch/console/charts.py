"""Lines over time as SVG, drawn here: the page needs no library, and shows them without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_WIDTH, _HEIGHT = 1000.0, 100.0
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_TOPS = (
    *(10.0, 30.0),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 20, 30)),
    *(hours * _HOUR for hours in (1, 2, 4, 8, 12)),
    *(days * _DAY for days in (1, 2, 4, 7, 14, 30)),
)
"""Seconds that the upper edge may be, so that it reads well; the first also keeps noise small."""
_MOST = 240
"""Points on a line: one every two or three pixels."""


@dataclass(frozen=True, slots=True)
class Point:
    """Seconds at a time; None where nobody looked, or the world did not answer."""

    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A line, in a box of 1000 x 100 that is stretched to fit.

    Attributes:
        line: Path of the line: SVG's `d`; a gap where a value is missing.
        area: Path of what is below it.
        top: Seconds at the upper edge, a round number.
        points: (fraction of the width, fraction of the height from below, time, value) of each
            that is there, for who points at them.
    """

    line: str
    area: str
    top: float
    points: Sequence[tuple[float, float, datetime, float]]


def draw(points: Sequence[Point], *, since: datetime, until: datetime) -> Chart:
    """The line through points in order of time; of many close ones the highest.

    Args:
        points: Those before `since` are left out.
        since: The left edge.
        until: The right edge.
    """
    seen = _thin([point for point in points if since <= point.at <= until])
    highest = max([point.value for point in seen if point.value is not None], default=0.0)
    top = next((edge for edge in _TOPS if edge >= highest), highest)
    breadth = max((until - since).total_seconds(), 1e-9)
    runs: list[list[tuple[float, float, datetime, float]]] = [[]]
    for point in seen:
        if point.value is None:
            runs.append([])
        else:
            across = (point.at - since).total_seconds() / breadth
            runs[-1].append((across, point.value / top, point.at, point.value))
    runs = [run for run in runs if run]
    return Chart(
        " ".join(_line(run) for run in runs),
        " ".join(f"{_line(run)} L{_x(run[-1])},100 L{_x(run[0])},100 Z" for run in runs),
        top,
        [one for run in runs for one in run],
    )


def _thin(points: Sequence[Point]) -> list[Point]:
    every = len(points) // _MOST + 1
    groups = [points[i : i + every] for i in range(0, len(points), every)]
    return [
        max(group, key=lambda point: -1 if point.value is None else point.value) for group in groups
    ]


def _line(run: Sequence[tuple[float, float, datetime, float]]) -> str:
    return "M" + " L".join(f"{_x(one)},{(1 - one[1]) * _HEIGHT:.1f}" for one in run)


def _x(one: tuple[float, float, datetime, float]) -> str:
    return f"{one[0] * _WIDTH:.1f}"
