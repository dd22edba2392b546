"""An incident is opened, told and closed: each an entry of its region's ledger."""

from datetime import datetime, timedelta

from jobs.office import Office
from schemas.acts import Ground, is_request
from schemas.errors import PolicyError, SettingsError
from schemas.incidents import CLOSE, OPEN, TELL, WITHIN, Incident, Told, incidents, open_incident
from schemas.policies import Policies
from schemas.policies.answering import Incident as Promise
from storage.ledger import Recorded


def within(policies: Policies) -> timedelta:
    """How soon the authority has to be told: as the law says it, or sooner where a maker does."""
    promised = [one.within for policy in policies.all for one in policy.of_kind(Promise)]
    return min([WITHIN, *promised])


def open_(office: Office, number: str, known: datetime, promised: timedelta = WITHIN) -> Incident:
    """Open an incident.

    Args:
        number: Ours, such as `I-2026-3`.
        known: Since when somebody of ours knows of it, UTC.
        promised: How soon the authority has to be told.

    Raises:
        PolicyError: Its number is in use.
        SettingsError: It has no number, or comes from the future.
    """
    if not is_request(number):
        raise SettingsError("an incident has a number such as I-2026-3, and no name")
    if known > office.now:
        raise SettingsError("--known: that moment has not come yet")
    if number in incidents(office.ledger.entries()):
        raise PolicyError(f"incident {number}: there is one of that number already")
    due = known + promised
    scope = {"incident": number, "known": known.isoformat(), "due": due.isoformat()}
    office.record(office.act(OPEN, Ground.DEFECT, scope=scope))
    return Incident(number, known, due)


def tell(office: Office, number: str, told: Told) -> Recorded:
    """Enter that somebody was told.

    Raises:
        PolicyError: No such incident is open.
    """
    open_incident(incidents(office.ledger.entries()), number)
    scope = {"incident": number, "told": str(told)}
    return office.record(office.act(TELL, Ground.DEFECT, scope=scope))


def close(office: Office, number: str, *, is_harmless: bool = False) -> Recorded:
    """Close an incident.

    Args:
        is_harmless: It was decided that nobody's rights are likely to be at risk, so that nobody
            has to be told; the reasons are documented elsewhere (GDPR Art. 33(5)).

    Raises:
        PolicyError: No such incident is open, or the authority was not told and should be.
    """
    known = open_incident(incidents(office.ledger.entries()), number)
    if not is_harmless and Told.AUTHORITY not in known.told:
        raise PolicyError(f"incident {number}: the authority was not told: tell it, or --harmless")
    scope = {"incident": number, "harm": "unlikely" if is_harmless else "likely"}
    return office.record(office.act(CLOSE, Ground.DEFECT, scope=scope))
