"""Rights drills: canaries use their rights as anybody does, so that it is known that this works.

Each step is a request of the register, under a number of its own; a series of them is one drill:

    DRILL-20261125120000-1-2        the second step of the first canary's drill that began at noon

A canary is nobody: its copy needs no second person, and the act that makes it has a name of its
own, which counts for a canary's tag alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.acts import Act
from schemas.ledger import Entry
from schemas.requests import ANSWER, OPEN, Right

DRILL, ACCESS = "drill", "drill access"
BEGUN, FAILED, PASSED = "begun", "failed", "passed"
"""What an entry says of a drill, as its scope's `state`."""

STEPS = (Right.CONFIRM, Right.ACCESS, Right.RESTRICT, Right.ERASE)
"""In this order: what is erased cannot be asked for."""

EVERY = timedelta(days=10)
"""How old the last drill may be: one is done a week, and has three days to come to its end."""

_START = "DRILL-"

_Told = tuple[str, str, str]
"""Of an act: its name, and what its scope says of `what` and `state`."""

_WHOLE: Mapping[Right, frozenset[_Told]] = {
    Right.CONFIRM: frozenset({("subject confirm", "", "")}),
    Right.ACCESS: frozenset({(ACCESS, "", "")}),
    Right.RESTRICT: frozenset(
        {("subject restrict", "restricted", "complete"), ("subject restrict", "lifted", "complete")}
    ),
    Right.ERASE: frozenset({("subject erase", "", "complete")}),
}
"""Right -> everything that a ledger tells where it was answered."""


def new_series(at: datetime, place: int) -> str:
    """The name of a new drill.

    Args:
        at: When it begins, UTC.
        place: From 1, of its canary among those that are drilled together.
    """
    return f"{_START}{at:%Y%m%d%H%M%S}-{place}"


def request_of(series: str, step: Right) -> str:
    """The number of a step's request."""
    return f"{series}-{1 + STEPS.index(step)}"


def series_of(request: str) -> str:
    """The drill that a request is a step of; empty where it is none."""
    return request.rpartition("-")[0] if request.startswith(_START) else ""


@dataclass(frozen=True, slots=True)
class Drilled:
    """How a right of one maker's canary was answered, as a region's ledger tells it.

    Attributes:
        done: When it was last; None for never.
        untold: When it was last said to be, and not all that belongs to it is told; None for never.
        failed: When a drill last found it answered badly; None for never.
    """

    done: datetime | None = None
    untold: datetime | None = None
    failed: datetime | None = None


def drills(entries: Iterable[Entry]) -> dict[tuple[str, Right], Drilled]:
    """(maker, right) -> its drills; none where it was never drilled."""
    reading = _Reading()
    for entry in entries:
        reading.take(entry)
    return reading.found


@dataclass(slots=True)
class _Reading:
    """A ledger, read as far as one came."""

    found: dict[tuple[str, Right], Drilled] = field(default_factory=dict)
    _makers: dict[str, str] = field(default_factory=dict)
    _rights: dict[str, Right] = field(default_factory=dict)
    _told: dict[str, set[_Told]] = field(default_factory=lambda: defaultdict(set))

    def take(self, entry: Entry) -> None:
        act = entry.act
        if act.name == DRILL:
            self._take_drill(act, entry.time)
        elif series_of(act.request) in self._makers:
            self._take_step(act, entry.time)

    def _take_drill(self, act: Act, time: datetime) -> None:
        maker = act.scope.get("maker", "")
        self._makers[act.scope.get("series", "")] = maker
        if act.scope.get("state") == FAILED:
            right = Right(act.scope["step"])
            self.found[maker, right] = replace(self._of(maker, right), failed=time)

    def _take_step(self, act: Act, time: datetime) -> None:
        said = act.name, act.scope.get("what", ""), act.scope.get("state", "")
        self._told[act.request].add(said)
        right = self._rights.get(act.request)
        if act.name == OPEN:
            self._rights[act.request] = Right(act.scope["right"])
        elif act.name == ANSWER and right is not None and right in _WHOLE:
            maker, is_whole = self._makers[series_of(act.request)], self._is_whole(act.request)
            when = {"done" if is_whole else "untold": time}
            self.found[maker, right] = replace(self._of(maker, right), **when)

    def _is_whole(self, request: str) -> bool:
        return _WHOLE[self._rights[request]] <= self._told[request]

    def _of(self, maker: str, right: Right) -> Drilled:
        return self.found.get((maker, right), Drilled())
