"""Legal holds, as the ledger tells of them: what lasts may not be expired, erased or unlearnt."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from schemas.ledger import Entry

PLACE, RELEASE = "hold place", "hold release"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that was placed and not released.

    Attributes:
        name: Ours, unique in a region.
        placed: When, UTC.
    """

    name: str
    placed: datetime


def lasting(entries: Iterable[Entry]) -> list[Hold]:
    """The holds that last, oldest first."""
    found: dict[str, Hold] = {}
    for entry in entries:
        name = entry.act.scope.get("hold", "")
        if entry.act.name == PLACE:
            found.setdefault(name, Hold(name, entry.time))
        elif entry.act.name == RELEASE:
            found.pop(name, None)
    return list(found.values())
