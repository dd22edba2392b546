"""What the page shows of a history of states: decided here, drawn by `web/console.html`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from jobs.watch.console.words import clock
from jobs.watch.problems import Problem
from jobs.watch.state import State
from jobs.watch.verdict import Verdict
from jobs.watch.words import counted, duration

STALE = timedelta(seconds=30)
"""Without a new state for this long, the page says nothing of the present."""


class Level(StrEnum):
    """How loudly something is shown."""

    GOOD = "good"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem as it is listed: the worst of those that one runbook helps with.

    Attributes:
        since: When it began, and how long ago.
        page: Where the console says what to do.
        alike: The others of its kind.
    """

    level: Level
    sentence: str
    since: str
    page: str
    alike: Sequence["Trouble"] = ()


@dataclass(frozen=True, slots=True)
class Banner:
    """The answer at first glance: is anything wrong, since when, what to do."""

    level: Level
    headline: str
    detail: str
    troubles: Sequence[Trouble] = ()


def level_of(verdict: Verdict) -> Level:
    """A warning may wait until the morning; what is worse may not."""
    if verdict is Verdict.OK:
        return Level.GOOD
    return Level.WARNING if verdict is Verdict.WARN else Level.CRITICAL


def banner(states: Sequence[State], now: datetime) -> Banner:
    """What is wrong.

    Args:
        states: The oldest first.
        now: The time.
    """
    if not states:
        return Banner(Level.UNKNOWN, "Nothing has been seen yet", "The first look is under way.")
    latest = states[-1]
    if now - latest.now > STALE:
        return _blind(latest, now)
    if not latest.problems:
        return Banner(Level.GOOD, "Nothing is wrong", _calm(states, now))
    began = min(problem.since for problem in latest.problems)
    found = counted(len(latest.problems), "problem", "problems")
    return Banner(
        level_of(latest.verdict),
        f"{found} since {clock(began, now)}, for {duration(now - began)}",
        "",
        _gathered(latest.problems, now),
    )


def _blind(latest: State, now: datetime) -> Banner:
    ago = duration(now - latest.now)
    return Banner(
        Level.UNKNOWN,
        "What is below is old",
        f"Watch has seen nothing since {clock(latest.now, now)}, {ago} ago.",
        [Trouble(Level.UNKNOWN, "watch does not see", f"for {ago}", "/runbooks/watch-away")],
    )


def _calm(states: Sequence[State], now: datetime) -> str:
    troubled = [state.now for state in states if state.problems]
    if troubled:
        return f"The last problem was over at {clock(troubled[-1])}."
    return (
        f"Nothing has been for {duration(now - states[0].now)}, as far back as this page remembers."
    )


def _gathered(problems: Sequence[Problem], now: datetime) -> Sequence[Trouble]:
    """One trouble a runbook, in the order of the problems."""
    kinds: dict[str, list[Trouble]] = {}
    for problem in problems:
        kinds.setdefault(problem.runbook, []).append(_trouble(problem, now))
    return [replace(worst, alike=alike) for worst, *alike in kinds.values()]


def _trouble(problem: Problem, now: datetime) -> Trouble:
    sentence = problem.sentence[:1].upper() + problem.sentence[1:]
    since = f"since {clock(problem.since, now)}, for {duration(now - problem.since)}"
    return Trouble(level_of(problem.verdict), sentence, since, f"/runbooks/{problem.runbook}")
