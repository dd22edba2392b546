"""How far a canary's drill came: the ledger tells it, so that a drill may be killed and go on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from jobs.office import Office
from jobs.subjects.case import Case
from jobs.subjects.subject import DEVICE, Subject
from schemas.acts import Ground
from schemas.canaries import Canary
from schemas.drills import BEGUN, DRILL, PASSED, STEPS, new_series, request_of
from schemas.ledger import Entry
from schemas.requests import ANSWER, OPEN, Request, Right


@dataclass(frozen=True, slots=True)
class Series:
    """A canary's drill.

    Attributes:
        name: As its requests' numbers begin.
        is_new: No entry tells of it yet.
        left: The steps that were not answered yet.
    """

    office: Office
    canary: Canary
    name: str
    is_new: bool
    left: Sequence[Right]

    @property
    def device(self) -> str:
        """Of the canary."""
        return self.canary.device

    @classmethod
    def of(cls, office: Office, canary: Canary, entries: Iterable[Entry], new: str) -> Self:
        """The drill that is not over, or a new one.

        Args:
            entries: Of the office's ledger.
            new: The name of a new one.
        """
        tag, last = _tag(office, canary), None
        for entry in entries:
            if entry.act.name == DRILL and entry.act.subject == tag:
                last = entry.act.scope
        if last is None or last["state"] == PASSED:
            return cls(office, canary, new, is_new=True, left=STEPS)
        name = last["series"]
        done = {entry.act.request for entry in entries if entry.act.name == ANSWER}
        left = [step for step in STEPS if request_of(name, step) not in done]
        return cls(office, canary, name, is_new=False, left=left)

    def begin(self, known: Mapping[str, Request]) -> None:
        """Enter that it begins, and a request for each step that is not in the register yet."""
        if self.is_new:
            self.tell(BEGUN)
        for step in self.left:
            number = request_of(self.name, step)
            if number not in known:
                scope = {"right": str(step), "received": self.office.now.date().isoformat()}
                self._enter(OPEN, number, scope)

    def case(self, step: Right) -> Case:
        """A step's request at work."""
        today, tag = self.office.now.date(), _tag(self.office, self.canary)
        request = Request(request_of(self.name, step), step, today, tag)
        return Case(self.office, request, Subject(tag, (self.device,)))

    def answer(self, step: Right) -> None:
        """Enter that a step was answered."""
        self._enter(ANSWER, request_of(self.name, step), {})

    def tell(self, state: str, step: str = "") -> None:
        """Enter how far the drill came."""
        scope = {"maker": self.canary.vendor, "series": self.name, "state": state}
        scope |= {"step": step} if step else {}
        tag = _tag(self.office, self.canary)
        self.office.record(self.office.act(DRILL, Ground.SCHEDULE, scope=scope, subject=tag))

    def _enter(self, name: str, number: str, scope: Mapping[str, str]) -> None:
        tag = _tag(self.office, self.canary) if name == OPEN else ""
        act = self.office.act(name, Ground.REQUEST, request=number, scope=scope, subject=tag)
        self.office.record(act)


def series_here(
    office: Office, canaries: Iterable[Canary], entries: Sequence[Entry]
) -> list[Series]:
    """The drill of each canary."""
    return [
        Series.of(office, one, entries, new_series(office.now, place))
        for place, one in enumerate(canaries, 1)
    ]


def _tag(office: Office, canary: Canary) -> str:
    return office.key.tag(DEVICE, canary.device)
