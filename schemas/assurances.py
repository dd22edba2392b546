"""What people vouch for where no program can see: documents signed for, and things looked through.

Both are entries of a region's ledger. The document itself stays where it is: the ledger has its
SHA-256, so that nobody can show another one later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from schemas.acts import Caller
from schemas.ledger import Entry

ATTEST, REVIEW = "attest", "review"


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody signed for a clause.

    Attributes:
        clause: `vendor/clause`.
        document: SHA-256 of what was signed.
        signed: When, UTC.
        until: The last day on which it counts.
    """

    clause: str
    document: str
    signer: Caller
    signed: datetime
    until: date

    def is_valid(self, today: date) -> bool:
        """Whether it counts on a day."""
        return self.signed.date() <= today <= self.until


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Somebody looked something through.

    Attributes:
        what: As policies name it: `access list`.
        document: SHA-256 of what they wrote about it.
        done: When, UTC.
    """

    what: str
    document: str
    by: Caller
    done: datetime


def attestations(entries: Iterable[Entry]) -> dict[str, Attestation]:
    """The newest attestation of each clause, as a ledger tells them."""
    return {
        entry.act.scope["clause"]: Attestation(
            entry.act.scope["clause"],
            entry.act.scope["document"],
            entry.act.by,
            entry.time,
            date.fromisoformat(entry.act.scope["until"]),
        )
        for entry in entries
        if entry.act.name == ATTEST
    }


def reviews(entries: Iterable[Entry]) -> dict[str, Reviewed]:
    """The newest review of each thing, as a ledger tells them."""
    return {
        entry.act.scope["what"]: Reviewed(
            entry.act.scope["what"], entry.act.scope["document"], entry.act.by, entry.time
        )
        for entry in entries
        if entry.act.name == REVIEW
    }
