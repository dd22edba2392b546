"""Copies that nobody holds any more are deleted, and the ledger tells it."""

from collections.abc import Iterator

from jobs.holds.listing import Shelf, left_behind
from jobs.office import Office
from schemas.acts import Ground
from schemas.holds import TIDY
from storage.holds import drop_copies
from storage.ledger import Recorded
from storage.store import ObjectStore


def tidy(office: Office, store: ObjectStore) -> Iterator[Recorded]:
    """Delete copies of holds that were released while a run was copying; safe to repeat.

    Args:
        store: The region's hold bucket.

    Raises:
        RetryableError: A store does not answer: call again.
    """
    shelf = Shelf.look(store)
    for name in left_behind(office.ledger.entries(), shelf):
        office.check()
        changed = {"objects": drop_copies(store, name)}
        yield office.record(
            office.act(TIDY, Ground.SCHEDULE, scope={"hold": name}, changed=changed)
        )
