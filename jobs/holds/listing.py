"""Which holds there are, how each stands, what is wrong with it, and whether copies are whole."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.approvals import proposals
from schemas.errors import IntegrityError
from schemas.holds import PLACE, RELEASE, Hold, lasting
from schemas.ledger import Entry
from storage.holds import CopyFolder, copied_holds, copy_folders, read_records
from storage.store import ObjectStore


@dataclass(frozen=True, slots=True)
class HoldState:
    """A hold, or one that somebody wants.

    Attributes:
        state: In words.
        hold: What the ledger says of it; None where it says nothing yet.
        wrong: Why somebody has to act; empty where nobody has.
    """

    name: str
    state: str
    hold: Hold | None = None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Copies:
    """What a hold has copied.

    Attributes:
        rows: Of copies that count, as their manifests name them.
        wrong: In words; empty where each copy is what its manifest says.
    """

    rows: int
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What lies in a hold bucket.

    Attributes:
        recorded: Names of the holds that have a record.
        copied: Of those that have copies.
    """

    recorded: Collection[str] = ()
    copied: Collection[str] = ()

    @classmethod
    def look(cls, store: ObjectStore) -> "Shelf":
        """A hold bucket as it is; copies are listed first, for a record comes before them.

        Raises:
            IntegrityError: A record cannot be read.
            RetryableError: The store does not answer.
        """
        copied = copied_holds(store)
        return cls({one.name for one in read_records(store)}, copied)


def left_behind(entries: Sequence[Entry], shelf: Shelf) -> list[str]:
    """Names of holds that were released while a run was copying: their copies are to be deleted."""
    known = {hold.name for hold in lasting(entries)}
    return sorted({*shelf.copied} - {*shelf.recorded} - known)


def states(entries: Sequence[Entry], shelf: Shelf, now: datetime) -> list[HoldState]:
    """Every hold of a region that lasts, is proposed, or was left half-way.

    Args:
        entries: Of its ledger.
        shelf: What lies in its hold bucket.
        now: UTC.
    """
    recorded = shelf.recorded
    known = lasting(entries)
    waiting = _waiting(entries, now)
    found = [
        HoldState(hold.name, waiting.get(hold.name, "lasts"), hold, _wrong(hold, recorded, now))
        for hold in known
    ]
    names = {hold.name for hold in known}
    for name in sorted({*recorded, *waiting} - names):
        if name in recorded:
            wrong = "its rows are held, and no entry says so: place it again"
            found.append(HoldState(name, "half-way", wrong=wrong))
        else:
            found.append(HoldState(name, waiting[name]))
    left = "copies of it were left behind: `fortnight hold tidy`"
    found += [HoldState(name, "released", wrong=left) for name in left_behind(entries, shelf)]
    return found


def examine(store: ObjectStore, name: str) -> Copies:
    """Compare every copy of a hold with its manifest.

    Raises:
        RetryableError: The store does not answer.
    """
    rows, wrong = 0, []
    for folder in copy_folders(store, name):
        try:
            rows += _count(folder)
        except IntegrityError as error:
            wrong.append(str(error))
    return Copies(rows, tuple(wrong))


def _wrong(hold: Hold, recorded: Collection[str], now: datetime) -> str:
    if hold.name not in recorded:
        return (
            "no record of it in FORTNIGHT_HOLDS, or its release was left half-way: release it again"
        )
    if hold.is_overdue(now.date()):
        return "its review is overdue: `fortnight hold extend --review`, or release it"
    return ""


def _waiting(entries: Sequence[Entry], now: datetime) -> dict[str, str]:
    """Name of a hold -> what is proposed of it."""
    found = {}
    for one in proposals(entries).values():
        act = one.proposed.act.scope.get("act", "")
        if act in (PLACE, RELEASE) and not one.is_over(now):
            how = "approved" if one.approver(now) else "proposed"
            what = "to be placed" if act == PLACE else "its release"
            found[one.proposed.act.scope["hold"]] = f"{what}: {how}"
    return found


def _count(folder: CopyFolder) -> int:
    return sum(folder.rows(manifest).num_rows for manifest in folder.manifests())
