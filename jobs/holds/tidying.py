"""What is left of holds that nobody holds any more is deleted; of copies the ledger tells it."""

from collections.abc import Iterator

from jobs.holds.listing import Shelf, left_behind
from jobs.office import Office
from schemas.acts import Ground
from schemas.holds import TIDY, lasting
from storage.holds import drop_copies, drop_sign, read_records, signs_in
from storage.ledger import Recorded
from storage.store import ObjectStore


def tidy(office: Office, store: ObjectStore, rows: ObjectStore) -> Iterator[Recorded]:
    """Delete copies, and signs, of holds that were released meanwhile; safe to repeat.

    Args:
        store: The region's hold bucket.
        rows: Its bucket of rows.

    Raises:
        RetryableError: A store does not answer: call again.
    """
    _drop_signs(office, store, rows)
    shelf = Shelf.look(store)
    for name in left_behind(office.ledger.entries(), shelf):
        office.check()
        changed = {"objects": drop_copies(store, name)}
        yield office.record(
            office.act(TIDY, Ground.SCHEDULE, scope={"hold": name}, changed=changed)
        )


def _drop_signs(office: Office, store: ObjectStore, rows: ObjectStore) -> None:
    """Drop signs of holds that have neither a record nor an entry.

    A record is put before its sign, and dropped after it.
    """
    signs = signs_in(rows)  # first, for a record that comes meanwhile brings its own
    recorded = {one.name for one in read_records(store)}
    for name in signs - recorded - {hold.name for hold in lasting(office.ledger.entries())}:
        drop_sign(rows, name)
