"""Signs that something is held, in the bucket of rows: to be seen without knowing where copies go.

    _held/H-2026-3                       empty; in the region's bucket, as long as the hold lasts

Whoever drops rows may list their bucket, and so cannot miss that some are held, whatever his
settings say of hold buckets. A sign is put after its hold's record, and deleted before it: a sign
without a record means that one looks for records in the wrong place.
"""

from schemas.acts import is_request
from storage.store import ObjectStore

FOLDER = "_held"


def put_sign(rows: ObjectStore, hold: str) -> None:
    """Show that a hold lasts; safe to repeat.

    Args:
        rows: The region's bucket of rows.
        hold: Its name.
    """
    rows.put(_key(hold), b"")


def signs_in(rows: ObjectStore) -> set[str]:
    """Names of the holds of which a region's bucket has a sign; costs one listing.

    What lies there under no name of a hold is no sign, and holds nobody up.
    """
    names = {info.key.removeprefix(f"{FOLDER}/") for info in rows.list(f"{FOLDER}/")}
    return {name for name in names if is_request(name)}


def drop_sign(rows: ObjectStore, hold: str) -> None:
    """Take a hold's sign away, every version; idempotent."""
    rows.delete([_key(hold)], every_version=True)


def _key(hold: str) -> str:
    return f"{FOLDER}/{hold}"
