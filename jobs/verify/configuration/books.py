"""What is in the ledgers, and whether it can be believed: every look at entries begins so."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Books, Configured
from jobs.verify.verdict import Look
from schemas.policies.keeping import Residence
from storage.s3.evidence import Unseen

_ANCHORED_WITHIN = timedelta(days=1)
"""Each act is anchored when it is told; where the other store was away, an officer has a day."""

FOLDER = "a folder"


def chain(configured: Configured) -> Look:
    """No entry was changed, taken out, put in, or done without whom it takes."""
    looking = Looking(
        "the ledger is whole, signed, anchored, and approved where it has to be",
        "entries",
        "fortnight ledger verify",
    )
    for books in configured.books:
        place = f"ledger of {books.region}"
        if books.refused:
            looking.not_at(place, books.refused)
            continue
        for entry in books.entries:
            looking.at(f"{place}, entry {entry.number}", ())
        for what in (*books.broken, *_not_anchored(books, configured.now)):
            looking.at(place, [what])
        looking.notes.append(f"{place}: {_covered(books, configured.now)}")
    return looking.end()


def readable(configured: Configured) -> Iterator[Books]:
    """The ledgers that could be read; of the others `chain` tells."""
    return (books for books in configured.books if not books.refused)


def places(clause: Residence, configured: Configured) -> Iterator[Look]:
    """Anchors are copies of the ledger's, and lie where it does."""
    if "ledger" not in clause.covers:
        return
    looking = Looking("the ledger's anchors are where it must stay", "ledgers")
    for books in configured.books:
        if clause.region in ("", books.region):
            unseen = Unseen("a folder, and nobody can see where that is")
            looking.at(f"anchors of {books.region}", [unseen] if books.anchors == FOLDER else ())
    yield looking.end()


def _not_anchored(books: Books, now: datetime) -> Iterator[str]:
    if books.unanchored and now - books.unanchored > _ANCHORED_WITHIN:
        yield "entries of more than a day ago are not anchored, and could be cut off unseen"


def _covered(books: Books, now: datetime) -> str:
    if books.anchored is None:
        return "nothing is anchored"
    age = max(timedelta(0), now - books.anchored)
    return f"detection is claimed up to the newest anchor, {str(age).partition('.')[0]} old"
