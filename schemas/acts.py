"""What officers do, as the ledger tells it: who, when, why, for which request, with what effect.

Nothing in an act names a subject. There is no free text, for people write names into it: grounds
are fixed phrases, requests are numbers, and a subject is told by a tag under the ledger's own key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from schemas.canonical import canonical_json, digest

_REQUEST = re.compile(r"[A-Z][A-Z0-9]{0,11}-[0-9][0-9-]{0,19}", re.ASCII)

APPROVED = ("disclose", "hold place", "hold release", "keys destroy", "subject access")
"""Acts that need a second person's approval."""


class Ground(StrEnum):
    """Why an act was done."""

    SCHEDULE = "schedule"
    """It is done every so often."""
    COMPROMISE = "compromise"
    """Somebody may know what nobody should."""
    RETENTION = "retention"
    """Its time is over."""
    REQUEST = "request"
    """A subject asked for it."""
    ORDER = "order"
    """A court or an authority ordered it."""
    DISPUTE = "dispute"
    """Legal claims, or an investigation."""
    DEFECT = "defect"
    """Something of ours went wrong."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, as somebody else said who can know: never what a person calls himself.

    Attributes:
        kind: Who said so: AWS (GetCallerIdentity), or this machine's operating system.
        name: An ARN, or user@host.
    """

    kind: Literal["aws", "os"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody did.

    Attributes:
        name: The command: `keys rotate`.
        why: The ground, a fixed phrase.
        request: The number of the request that it answers; empty for none.
        scope: What it was done to; never who.
        subject: Tag of the subject under the ledger's own key; empty for none.
        looked_at: What -> how many were read.
        changed: What -> how many were changed.
        concerns: Digest of the act that this one proposes, approves, or is.
        approver: Who approved it; None where nobody has to.
    """

    name: str
    by: Caller
    why: str
    request: str = ""
    scope: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    looked_at: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    concerns: str = ""
    approver: Caller | None = None

    def __post_init__(self) -> None:
        if self.request and not is_request(self.request):
            raise ValueError("not a request's number")

    def digest(self, region: str) -> str:
        """What an approval names: the act before it is done, by this caller, in this region."""
        said: dict[str, Any] = {
            "region": region,
            "name": self.name,
            "by": str(self.by),
            "why": self.why,
            "request": self.request,
            "scope": self.scope,
            "subject": self.subject,
        }
        return digest(canonical_json(said))


def is_request(text: str) -> bool:
    """Whether it is a request's number, such as `R-2026-17`: letters, a dash, digits and dashes."""
    return _REQUEST.fullmatch(text) is not None
