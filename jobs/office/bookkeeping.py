"""What a region's ledger proves, and what in it is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from jobs.keys.destruction import ACT as DESTROY
from jobs.keys.rotation import ADD, ROTATE
from schemas.approvals import unapproved
from schemas.keyring import Key, KeyState
from schemas.ledger import Entry
from schemas.requests import register
from storage.ledger import Ledger

_TELLS = {
    KeyState.CREATED: (ADD, ROTATE),
    KeyState.CURRENT: (ROTATE,),
    KeyState.DESTROYED: (DESTROY,),
}
"""State of a version -> acts that bring it about."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A ledger, examined.

    Attributes:
        entries: That could be read, in order.
        broken: What is wrong, in words; answers that are late too.
        late: Those alone.
        covered: Up to which entry any change would have been found; -1 for none.
        anchor_time: When that was anchored, UTC, by the other store's clock.
    """

    entries: tuple[Entry, ...]
    broken: tuple[str, ...]
    covered: int
    anchor_time: datetime | None
    late: tuple[str, ...] = ()

    def age(self, now: datetime) -> int | None:
        """Seconds since the newest anchor; None for none."""
        return None if self.anchor_time is None else int((now - self.anchor_time).total_seconds())


def examine(ledger: Ledger, keys: Iterable[Key], now: datetime) -> Examined:
    """Prove a ledger, and that what needs an entry, an approval or an answer has one.

    Args:
        keys: The region's, as the keyring tells them; none where nobody has the keyring.
        now: UTC.

    Raises:
        RetryableError: A store does not answer: nobody knows.
    """
    proof = ledger.prove()
    verdict = proof.verdict
    broken = [*verdict.findings]
    broken += [f"{key}: neither an entry nor an anchor" for key in proof.strays]
    if verdict.entries and verdict.anchored < 0:
        broken.append("nothing is anchored, so nothing is proven")
    broken += unapproved(verdict.entries)
    broken += _untold(verdict.entries, keys)
    late = tuple(_late(verdict.entries, now))
    return Examined(verdict.entries, (*broken, *late), verdict.anchored, proof.anchor_time, late)


def _untold(entries: Iterable[Entry], keys: Iterable[Key]) -> Iterator[str]:
    """Changes of the keyring that the ledger does not tell; the first version needs none."""
    told = {(entry.act.name, entry.act.scope.get("version", "")) for entry in entries}
    for key in keys:
        for state in key.since:
            acts = _TELLS.get(state, ())
            first = key.version == 1 and state is not KeyState.DESTROYED
            if acts and not first and not any((act, str(key.version)) in told for act in acts):
                yield f"{key.name} became {state}, and no entry says who did that"


def _late(entries: Iterable[Entry], now: datetime) -> Iterator[str]:
    for request in register(entries).values():
        if request.is_late(now.date()):
            word = "was answered late" if request.closed else "is overdue"
            yield f"request {request.number} ({request.right}) {word}: due {request.due}"
