"""The pseudonyms under which rows of devices are, or may still be written."""

from collections.abc import Iterable
from datetime import datetime

from jobs.keys.destruction import MARGIN
from schemas.hold_record import Names
from schemas.keyring import Key, Keyring, KeyState
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Region
from schemas.retention import FORTNIGHT


def needed(keyring: Keyring, region: Region, now: datetime) -> list[Key]:
    """A region's versions that rows may have, oldest first; also those that are not used yet.

    A version whose rows are all gone is none of them, so that no hold ties its pseudonyms to
    others when it is destroyed.
    """
    return [key for key in keyring.live(region) if not _is_over(key, now)]


def names_of(devices: Iterable[str], keys: Iterable[Key]) -> tuple[Names, ...]:
    """Each device's pseudonyms under some versions, whose secrets are opened.

    Args:
        devices: Ids, each once.
        keys: Of one region.
    """
    ids = list(devices)
    by_version = [
        pseudonyms(ids, domain_key(key.secret, Domain.DEVICE), key.version) for key in keys
    ]
    return tuple(zip(*by_version, strict=True))


def _is_over(key: Key, now: datetime) -> bool:
    retired = key.since.get(KeyState.RETIRED)
    return retired is not None and retired + FORTNIGHT + MARGIN <= now
