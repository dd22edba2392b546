"""Incidents, told by the ledger: since when one is known, until when whom has to be told, who was.

The authority hears of a breach of personal data within 72 hours of its becoming known, unless it
is unlikely to harm anybody (GDPR Art. 33(1)). Those whom it may harm much hear of it without undue
delay (Art. 34(1)): no law names hours. What was decided is documented in any case (Art. 33(5)).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.errors import PolicyError
from schemas.ledger import Entry

OPEN, SUBJECTS, TELL, CLOSE = (
    "incident open",
    "incident subjects",
    "incident tell",
    "incident close",
)
WITHIN = timedelta(hours=72)
"""GDPR Art. 33(1); a maker's policy may promise less."""


class Told(StrEnum):
    """Who hears of an incident."""

    AUTHORITY = "authority"
    SUBJECTS = "subjects"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident.

    Attributes:
        number: Ours: `I-2026-3`.
        known: Since when somebody of ours knows of it, UTC.
        due: Until when the authority has to be told, UTC.
        told: Who was told -> when, first.
        is_harmless: Whether it was decided that nobody has to be told.
        closed: When; None while it is open.
    """

    number: str
    known: datetime
    due: datetime
    told: Mapping[Told, datetime] = field(default_factory=dict)
    is_harmless: bool = False
    closed: datetime | None = None

    def is_late(self, now: datetime) -> bool:
        """Whether the authority was told, or it was found harmless, too late or not in time yet."""
        decided = self.closed if self.is_harmless else None
        return (self.told.get(Told.AUTHORITY) or decided or now) > self.due


def incidents(entries: Iterable[Entry]) -> dict[str, Incident]:
    """Every incident that a ledger tells of, by number, in the order in which they were opened."""
    found: dict[str, Incident] = {}
    for entry in entries:
        scope = entry.act.scope
        known = found.get(number := scope.get("incident", ""))
        if entry.act.name == OPEN and known is None:
            since, due = (datetime.fromisoformat(scope[name]) for name in ("known", "due"))
            found[number] = Incident(number, since, due)
        elif known is not None and known.closed is None:
            found[number] = _after(known, entry)
    return found


def open_incident(known: Mapping[str, Incident], number: str) -> Incident:
    """An incident that is not closed.

    Raises:
        PolicyError: There is none of that number, or it is closed.
    """
    found = known.get(number)
    if found is None:
        raise PolicyError(f"incident {number}: not known: `fortnight incident open`")
    if found.closed is not None:
        raise PolicyError(f"incident {number}: closed on {found.closed:%Y-%m-%d}")
    return found


def _after(incident: Incident, entry: Entry) -> Incident:
    match entry.act.name:
        case name if name == TELL:
            told = {Told(entry.act.scope["told"]): entry.time, **incident.told}
            return replace(incident, told=told)
        case name if name == CLOSE:
            harmless = entry.act.scope["harm"] == "unlikely"
            return replace(incident, closed=entry.time, is_harmless=harmless)
        case _:
            return incident
