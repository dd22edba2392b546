"""The register of subjects' requests, told by the ledger: received, due, answered or refused.

One month to answer (GDPR Art. 12(3)), three where it was extended in time. A month ends on the day
of the same number, or on the last day of a month that has none (Regulation 1182/71, Art. 3(2)(c)).
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from schemas.errors import PolicyError
from schemas.ledger import Entry

OPEN, EXTEND, ANSWER, REFUSE = (
    "requests open",
    "requests extend",
    "requests answer",
    "requests refuse",
)
_MONTHS, _EXTENDED_MONTHS = 1, 3


class Right(StrEnum):
    """What is asked for."""

    CONFIRM = "confirm"
    ACCESS = "access"
    CORRECT = "correct"
    RESTRICT = "restrict"
    STOP = "stop"
    WITHDRAW = "withdraw"
    ERASE = "erase"
    CANCEL = "cancel"
    COMPLAIN = "complain"
    ORDER = "order"
    """No subject's: an order of our own house, a court or an authority."""


class Refusal(StrEnum):
    """On which ground a request is refused."""

    IDENTITY = "identity"
    """Who asks is not known to be the subject (GDPR Art. 12(6))."""
    UNFOUNDED = "unfounded"
    """Manifestly unfounded (Art. 12(5))."""
    EXCESSIVE = "excessive"
    """Asked again and again (Art. 12(5))."""
    OTHERS = "others"
    """It would harm the rights of others (Art. 15(4))."""
    OBLIGATION = "obligation"
    """The law requires the opposite (Art. 17(3)(b))."""
    CLAIMS = "claims"
    """Legal claims (Art. 17(3)(e), 18(2))."""
    NO_DATA = "no-data"
    """Nothing of the subject is held (Art. 11(2))."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        number: Ours: `R-2026-17`.
        received: The day it came.
        subject: Tag of the subject under the ledger's key; empty for none.
        extended: Whether it may take three months.
        closed: The day it was answered or refused; None while it is open.
        refused: On which ground; empty where it was not.
    """

    number: str
    right: Right
    received: date
    subject: str = ""
    extended: bool = False
    closed: date | None = None
    refused: str = ""

    @property
    def due(self) -> date:
        """The last day on which an answer is in time."""
        return _months_after(self.received, _EXTENDED_MONTHS if self.extended else _MONTHS)

    def is_late(self, today: date) -> bool:
        """Whether it was answered after its day, or was not and the day is over."""
        return (self.closed or today) > self.due


def register(entries: Iterable[Entry]) -> dict[str, Request]:
    """Every request that a ledger tells of, by number, in the order in which they were opened."""
    found: dict[str, Request] = {}
    for entry in entries:
        act, known = entry.act, found.get(entry.act.request)
        if act.name == OPEN and known is None:
            found[act.request] = Request(
                act.request,
                Right(act.scope["right"]),
                date.fromisoformat(act.scope["received"]),
                act.subject,
            )
        elif known is not None and known.closed is None:
            found[act.request] = _after(known, entry)
    return found


def open_request(requests: dict[str, Request], number: str) -> Request:
    """A request that waits for its answer.

    Raises:
        PolicyError: There is none of that number, or it was answered already.
    """
    request = requests.get(number)
    if request is None:
        raise PolicyError(
            f"request {number}: not in the register of this region: `fortnight requests open`, or "
            "another --region"
        )
    if request.closed is not None:
        raise PolicyError(f"request {number}: closed on {request.closed}")
    return request


def _after(request: Request, entry: Entry) -> Request:
    day = entry.time.date()
    match entry.act.name:
        case name if name == EXTEND:
            return replace(request, extended=True)
        case name if name == ANSWER:
            return replace(request, closed=day)
        case name if name == REFUSE:
            return replace(request, closed=day, refused=entry.act.scope["refused"])
        case _:
            return request


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
