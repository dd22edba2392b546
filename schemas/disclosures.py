"""Giving data away: to whom a policy lets it go, on which ground, and what the ledger tells."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.acts import Ground
from schemas.ledger import Entry
from schemas.policies.answering import Recipients

DISCLOSE = "disclose"

MET_BY = {
    "law": frozenset({Ground.ORDER, Ground.DISPUTE}),
    "function": frozenset({Ground.SCHEDULE, Ground.DEFECT}),
    "consent": frozenset({Ground.REQUEST}),
    "reason": frozenset(Ground),
}
"""What a policy asks for before data is given away -> the grounds that are such a thing."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Data was given away.

    Attributes:
        number: Of the ledger's entry.
        clause: `vendor/clause`: the one that lets it go.
        to: To whom, in the clause's words.
        approved: Whether a second person is named.
    """

    number: int
    clause: str
    to: str
    why: str
    request: str
    approved: bool


def disclosures(entries: Iterable[Entry]) -> Iterator[Disclosure]:
    """Every disclosure that a ledger tells of, in order."""
    for entry in entries:
        act = entry.act
        if act.name == DISCLOSE:
            clause, to = act.scope.get("clause", ""), act.scope.get("to", "")
            approved = act.approver is not None
            yield Disclosure(entry.number, clause, to, act.why, act.request, approved)


def unmet(clause: Recipients, to: str, why: str) -> Iterator[str]:
    """Why a clause does not let data go, in words; nothing where it does."""
    if to not in clause.recipients:
        yield f"not among its recipients: {', '.join(clause.recipients)}"
    for need in clause.needs:
        if why not in MET_BY[need]:
            yield f"it needs {need}: {' or '.join(sorted(MET_BY[need]))}"
