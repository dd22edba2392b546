"""Somebody signs for a document, or for having looked something through; each an entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from jobs.office import Office
from schemas.acts import Ground
from schemas.assurances import ATTEST, REVIEW, Reviewed
from schemas.canonical import digest
from schemas.errors import PolicyError, SettingsError
from schemas.policies import Policies
from schemas.policies.answering import Attested, Review
from storage.ledger import Recorded


@dataclass(frozen=True, slots=True)
class Due:
    """Something that a policy wants looked through.

    Attributes:
        what: As policies name it.
        last: When it was looked through; None for never.
        until: By when it has to be again, UTC; None: nobody knows since when it is due.
    """

    what: str
    last: Reviewed | None
    until: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.until is not None and now > self.until


def to_attest(policies: Policies) -> dict[str, Attested]:
    """Clauses that rest on a signature, by `vendor/clause`."""
    return {
        f"{policy.vendor}/{clause.id}": clause
        for policy in policies.all
        for clause in policy.of_kind(Attested)
    }


def attest(
    office: Office, clause: str, document: bytes, policies: Policies, until: date | None = None
) -> Recorded:
    """Sign for a clause's document.

    Args:
        clause: `vendor/clause`.
        until: The last day; None: as long as the clause lets it count.

    Raises:
        SettingsError: There is no such clause.
        PolicyError: That is longer than the clause lets it count, or over already.
    """
    asked = to_attest(policies).get(clause)
    if asked is None:
        raise SettingsError(f"attest: one of {', '.join(to_attest(policies))}")
    today = office.now.date()
    longest = today + asked.valid
    last = until or longest
    if not today <= last <= longest:
        raise PolicyError(f"--until: from today until {longest}, as the policy has it")
    scope = {"clause": clause, "document": digest(document), "until": last.isoformat()}
    return office.record(office.act(ATTEST, Ground.SCHEDULE, scope=scope))


def to_review(policies: Policies) -> dict[str, Review]:
    """What is to be looked through -> the clause that wants it most often."""
    found: dict[str, Review] = {}
    for policy in policies.all:
        for clause in policy.of_kind(Review):
            for what in clause.looks_at:
                if what not in found or clause.every < found[what].every:
                    found[what] = clause
    return found


def review(office: Office, what: str, document: bytes, policies: Policies) -> Recorded:
    """Say that something was looked through, and what was found.

    Args:
        document: What was written about it.

    Raises:
        SettingsError: No policy wants such a thing looked through.
    """
    if what not in (known := to_review(policies)):
        raise SettingsError(f"review: one of {', '.join(known)}")
    scope = {"what": what, "document": digest(document)}
    return office.record(office.act(REVIEW, Ground.SCHEDULE, scope=scope))


def plan(done: dict[str, Reviewed], since: datetime | None, policies: Policies) -> Iterator[Due]:
    """What is to be looked through, and by when.

    Args:
        done: The newest review of each thing.
        since: When the first of all could have been: what is older than that is nobody's.
    """
    for what, clause in to_review(policies).items():
        last = done.get(what)
        begins = last.done if last else since
        yield Due(what, last, begins + clause.every if begins else None)
