"""Data is given to somebody outside, where a policy lets it go and two persons say so."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.office import Office
from jobs.office.second_person import Standing, propose, standing
from schemas.acts import Act
from schemas.disclosures import unmet
from schemas.errors import PolicyError, SettingsError
from schemas.policies import Policies
from schemas.policies.answering import Recipients
from schemas.requests import open_request, register


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far a disclosure came.

    Attributes:
        standing: What a second person has to approve.
        entry: Number of the entry that tells it; None: it is only proposed, and nothing may go.
    """

    standing: Standing
    entry: int | None


def recipients(policies: Policies) -> Mapping[str, Recipients]:
    """Clauses that let data go, by `vendor/clause`."""
    return {
        f"{policy.vendor}/{clause.id}": clause
        for policy in policies.all
        for clause in policy.of_kind(Recipients)
    }


def check(act: Act, policies: Policies) -> None:
    """Test that a clause lets an act of disclosure be done.

    Raises:
        SettingsError: There is no such clause.
        PolicyError: The clause names others, or asks for another ground.
    """
    known = recipients(policies)
    clause = known.get(act.scope["clause"])
    if clause is None:
        raise SettingsError(f"disclose: one of {', '.join(known)}")
    if why := list(unmet(clause, act.scope["to"], act.why)):
        raise PolicyError(f"{act.scope['clause']} does not let it go: {'; '.join(why)}")


def disclose(office: Office, act: Act, policies: Policies) -> Outcome:
    """Tell that data is given away, or propose it where nobody has approved it yet.

    The entry comes before the data goes, so that none goes untold.

    Args:
        act: `schemas.disclosures.DISCLOSE`; its scope has `clause`, `to`, and `document`: SHA-256
            of what is given.

    Raises:
        PolicyError: No policy lets it go, or no such request is open.
        RetryableError: A store does not answer; call again.
    """
    check(act, policies)
    entries = office.ledger.entries()
    open_request(register(entries), act.request)
    found = standing(office, act, entries)
    if found.approver is None:
        propose(office, act, found)
        return Outcome(found, None)
    return Outcome(found, office.record(found.told(act)).entry.number)
