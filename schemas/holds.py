"""Legal holds, as the ledger tells of them: what lasts may not be expired, erased or unlearnt."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from schemas.ledger import Entry

PLACE, EXTEND, RELEASE = "hold place", "hold extend", "hold release"
TIDY = "hold tidy"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that was placed and not released.

    Attributes:
        name: Ours, unique in a region.
        placed: When, UTC.
        ground: Why, in a word of the policies' clauses on holds.
        review: The day by which somebody has to say whether it is still needed.
        version: The newest version of the keyring under which it knows its rows.
    """

    name: str
    placed: datetime
    ground: str = ""
    review: date | None = None
    version: int = 0

    def is_overdue(self, today: date) -> bool:
        """Whether its review should have been made."""
        return self.review is not None and self.review < today


def lasting(entries: Iterable[Entry]) -> list[Hold]:
    """The holds that last, oldest first."""
    found: dict[str, Hold] = {}
    for entry in entries:
        name = entry.act.scope.get("hold", "")
        match entry.act.name:
            case act if act == PLACE and name not in found:
                found[name] = _said(Hold(name, entry.time), entry)
            case act if act == EXTEND and name in found:
                found[name] = _said(found[name], entry)
            case act if act == RELEASE:
                found.pop(name, None)
    return list(found.values())


def _said(hold: Hold, entry: Entry) -> Hold:
    scope = entry.act.scope
    review = scope.get("review", "")
    return replace(
        hold,
        ground=scope.get("ground", hold.ground),
        review=date.fromisoformat(review) if review else hold.review,
        version=max(hold.version, entry.act.changed.get("version", 0)),
    )
