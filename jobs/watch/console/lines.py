"""The last hour of a value, as lines on the page."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from jobs.watch.console.charts import Chart, Point, draw
from jobs.watch.console.words import clock
from jobs.watch.state import State
from jobs.watch.words import duration

_SHOWN = timedelta(hours=1)
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds over time, and how they are told.

    Attributes:
        chart: What is drawn.
        began: The left edge, in words.
        top: The upper edge, in words.
        last: The newest value, in words.
        readings: (fraction of the width, of the height, time and value in words), for who points.
    """

    chart: Chart
    began: str
    top: str
    last: str
    readings: Sequence[tuple[float, float, str]]


def line(states: Sequence[State], value: Callable[[State], float | None]) -> Line:
    """The line of a value that each state has.

    Args:
        states: One or more, the oldest first.
        value: Seconds; None where it was not known.
    """
    return _drawn([Point(state.now, value(state)) for state in states], states)


def lines(
    states: Sequence[State],
    values: Callable[[State], Iterable[tuple[_Key, float | None]]],
    shown: Collection[_Key],
) -> Mapping[_Key, Line]:
    """The lines of what each state has many of; only of those that are shown.

    Args:
        states: One or more, the oldest first.
        values: (which, seconds); one that is not there was not known.
        shown: Which are drawn.
    """
    found: dict[_Key, list[Point]] = defaultdict(list)
    for state in states:
        there = {key: value for key, value in values(state) if key in shown}
        for key in shown:
            found[key].append(Point(state.now, there.get(key)))
    return {key: _drawn(points, states) for key, points in found.items()}


def _drawn(points: Sequence[Point], states: Sequence[State]) -> Line:
    until = states[-1].now
    since = max(states[0].now, until - _SHOWN)
    chart = draw(points, since=since, until=until)
    readings = [(round(x, 4), round(y, 4), _said(at, v)) for x, y, at, v in chart.points]
    return Line(
        chart,
        f"{duration(until - since)} ago",
        duration(timedelta(seconds=chart.top)),
        "now: " + _told(points[-1].value),
        readings,
    )


def _said(at: datetime, seconds: float) -> str:
    return f"{clock(at)}: {_told(seconds)}"


def _told(seconds: float | None) -> str:
    return "unknown" if seconds is None else duration(timedelta(seconds=seconds))
