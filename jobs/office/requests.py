"""Requests of subjects come in, and are answered, refused or extended: each an entry."""

from jobs.office import Office
from schemas.acts import Ground
from schemas.errors import PolicyError, SettingsError
from schemas.requests import (
    ANSWER,
    EXTEND,
    OPEN,
    REFUSE,
    Refusal,
    Request,
    open_request,
    register,
)
from storage.ledger import Recorded


def receive(office: Office, request: Request) -> Recorded:
    """Open a request.

    Raises:
        PolicyError: Its number is in use.
        SettingsError: It has no number, or comes from the future.
    """
    if request.received > office.now.date():
        raise SettingsError("--received: that day has not come yet")
    if request.number in register(office.ledger.entries()):
        raise PolicyError(f"request {request.number}: there is one of that number already")
    scope = {"right": str(request.right), "received": request.received.isoformat()}
    return office.record(
        office.act(
            OPEN, Ground.REQUEST, request=request.number, scope=scope, subject=request.subject
        )
    )


def answer(office: Office, number: str) -> Recorded:
    """Close a request that was answered.

    Raises:
        PolicyError: No such request is open.
    """
    return _enter(office, ANSWER, number, {})


def refuse(office: Office, number: str, ground: Refusal) -> Recorded:
    """Close a request that was refused.

    Raises:
        PolicyError: No such request is open.
    """
    return _enter(office, REFUSE, number, {"refused": str(ground)})


def extend(office: Office, number: str) -> Recorded:
    """Take three months for a request instead of one; the subject was told so in time.

    Raises:
        PolicyError: No such request is open, or its month is over.
    """
    request = open_request(register(office.ledger.entries()), number)
    if request.is_late(office.now.date()):
        raise PolicyError(f"request {number}: was due on {request.due}; too late to extend it")
    return _enter(office, EXTEND, number, {})


def _enter(office: Office, name: str, number: str, scope: dict[str, str]) -> Recorded:
    open_request(register(office.ledger.entries()), number)
    return office.record(office.act(name, Ground.REQUEST, request=number, scope=scope))
