"""Records of holds: from the moment at which one is there, its rows are held."""

from collections.abc import Iterator

from schemas.hold_record import HoldRecord
from storage.store import ObjectStore

RECORDS = "_holds"


def put_record(store: ObjectStore, record: HoldRecord, *, only_if_absent: bool = False) -> None:
    """Make a hold's record durable: from then on its rows are held.

    Raises:
        ConflictError: `only_if_absent`, and there is one.
    """
    store.put(_record_key(record.name), record.format(), only_if_absent=only_if_absent)


def read_record(store: ObjectStore, hold: str) -> HoldRecord | None:
    """A hold's record; None where there is none.

    Raises:
        IntegrityError: It is not that hold's record.
    """
    try:
        return HoldRecord.parse(store.get(_record_key(hold)), hold)
    except KeyError:
        return None


def read_records(store: ObjectStore) -> Iterator[HoldRecord]:
    """The record of every hold.

    Raises:
        IntegrityError: Something there is not a hold's record: nobody knows what is held.
    """
    for info in store.list(f"{RECORDS}/"):
        name = info.key.removeprefix(f"{RECORDS}/").removesuffix(".json")
        if record := read_record(store, name):
            yield record


def drop_record(store: ObjectStore, hold: str) -> None:
    """Delete a hold's record and with it its key, every version; idempotent."""
    store.delete([_record_key(hold)], every_version=True)


def _record_key(hold: str) -> str:
    return f"{RECORDS}/{hold}.json"
