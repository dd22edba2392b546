"""Promises that say how a deployment is set up, and what breaks them."""

from dataclasses import dataclass
from datetime import datetime

from support.configured import NOW, PROMISES, Field, books, clean, looks

from jobs.verify.configuration.state import Configured
from jobs.verify.verdict import Verdict, verdict_of
from schemas.ledger import Entry

FRANKFURT, LOCAL_LAW = "360-robot-vacuum/frankfurt", "smarock/local-law"
KEPT = {"360-robot-vacuum/two-weeks", "smarock/fortnight"}
HELD = {"360-robot-vacuum/hold", "smarock/hold"}
OTHERS = {"360-robot-vacuum/suppliers", "smarock/no-third-parties"}
AT_REST, TRANSPORT = {"360-robot-vacuum/at-rest"}, {"360-robot-vacuum/transport"}
ROLES = {"360-robot-vacuum/least-privilege"}
REVIEW, INCIDENTS = {"360-robot-vacuum/access-review"}, {"360-robot-vacuum/incident"}
ACCESS = {"360-robot-vacuum/right-access", "smarock/right-access"}
TRAINING = "360-robot-vacuum/training"
COURTS = "360-robot-vacuum/authorities"
BY_LEDGER = {
    name
    for name, promise in PROMISES.items()
    if promise.clause.kind in {"right", "review", "recipients", "incident", "attested", "hold"}
}
"""Promises that are told by the ledger: none of them is kept where it is not whole."""


@dataclass(frozen=True)
class Violation:
    """What is wrong, which promises that breaks, and what is said of it."""

    name: str
    found: Configured
    breaks: set[str]
    said: str

    def check(self) -> None:
        """See that these promises are broken by it, and no others, and say why."""
        found = {name: looks(name, self.found) for name in PROMISES}
        broken = {name for name, each in found.items() if verdict_of(each) is Verdict.BROKEN}
        assert broken == self.breaks
        for name in broken:
            said = [str(finding) for look in found[name] for finding in look.findings]
            assert any(self.said in text for text in said), said


def telling(*more: Entry, now: datetime = NOW, **changed: Field) -> Configured:
    """Everything as it has to be, and the EU's ledger tells more."""
    return clean(books=(books(*more, **changed),), now=now)
