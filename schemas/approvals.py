"""Two persons for what cannot be undone: proposed by one, approved by another, then done.

All three are entries of the ledger and name the act's digest, so what was approved is what is done:
by the same caller, to the same thing, for the same request. An approval serves once, for a week.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.acts import APPROVED, Act, Caller
from schemas.errors import PolicyError
from schemas.ledger import Entry

PROPOSE, APPROVE = "propose", "approve"
LAPSES = timedelta(days=7)
"""After this a proposal, and an approval, is none any more."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that somebody wants to do, and how far it came.

    Attributes:
        digest: Of the act.
        proposed: The entry that proposes it.
        approved: The entry that approves it; None for none.
    """

    digest: str
    proposed: Entry
    approved: Entry | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether it lapsed, and so did its approval."""
        last = self.approved or self.proposed
        return now - last.time > LAPSES

    def approver(self, now: datetime) -> Caller | None:
        """Who approved it, as long as that holds."""
        return None if self.approved is None or self.is_over(now) else self.approved.act.by


def proposal_of(act: Act, region: str) -> Act:
    """The act of proposing an act."""
    return replace(
        act, name=PROPOSE, scope={**act.scope, "act": act.name}, concerns=act.digest(region)
    )


def approval_of(proposal: Proposal, by: Caller, now: datetime) -> Act:
    """The act of approving a proposal.

    Raises:
        PolicyError: By the same person, by somebody whom nobody can tell apart, or too late.
    """
    proposed = proposal.proposed
    if not _may_approve(by, proposed.act.by):
        raise PolicyError("approve: it takes a second person, known by the same authority")
    if proposal.is_over(now):
        raise PolicyError(f"approve: proposed more than {LAPSES.days} days ago: propose it again")
    return Act(
        name=APPROVE,
        by=by,
        why=proposed.act.why,
        request=proposed.act.request,
        scope=proposed.act.scope,
        concerns=proposal.digest,
    )


def proposals(entries: Iterable[Entry]) -> dict[str, Proposal]:
    """What was proposed and not done yet, by digest, oldest first."""
    found: dict[str, Proposal] = {}
    for entry in entries:
        digest = entry.act.concerns
        match entry.act.name:
            case name if name == PROPOSE:
                found[digest] = Proposal(digest, entry)
            case name if name == APPROVE:
                if (known := found.get(digest)) and _counts(entry, known):
                    found[digest] = replace(known, approved=entry)
            case _:
                found.pop(digest, None)
    return found


def unapproved(entries: Sequence[Entry]) -> list[str]:
    """Acts that took a second person and had none, in words."""
    wrong = []
    for place, entry in enumerate(entries):
        act = entry.act
        if act.name not in APPROVED:
            continue
        known = proposals(entries[:place]).get(act.concerns)
        approver = known.approver(entry.time) if known else None
        if approver is None or approver != act.approver or act.concerns != act.digest(entry.region):
            wrong.append(f"entry {entry.number}: {act.name}: no second person approved this act")
    return wrong


def _counts(approval: Entry, known: Proposal) -> bool:
    proposed = known.proposed
    in_time = approval.time - proposed.time <= LAPSES
    return in_time and _may_approve(approval.act.by, proposed.act.by)


def _may_approve(one: Caller, other: Caller) -> bool:
    """Whether they are two persons, as far as anybody can tell."""
    return one.kind == other.kind and one.name != other.name
