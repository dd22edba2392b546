"""Which rows are a subject's: its devices' pseudonyms, as far as the devices were its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from jobs.rewriting import Selection
from jobs.subjects.roll import Listed, Roll
from jobs.subjects.subject import names
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.retention import moment


def erased_rows(
    devices: Iterable[str], roll: Roll, keyring: Keyring, region: Region
) -> list[Selection]:
    """The rows that an erasure of devices is about.

    All of a device's; but of one that somebody bound after the moment up to which it is erased,
    only those of before: the others are that person's.

    Args:
        devices: Ids.
        roll: What is told of them, marks included.
        keyring: Its secrets of the region opened.
        region: Where.
    """
    groups: Mapping[datetime | None, list[str]] = defaultdict(list)
    for device in devices:
        groups[_bound_since(roll.of(device))].append(device)
    return [Selection(names(some, keyring, region), before) for before, some in groups.items()]


def _bound_since(listed: Listed) -> datetime | None:
    """When somebody bound an erased device again; None where nobody did."""
    erased = listed.mark.erased if listed.mark else None
    bound = listed.registration.bound_since if listed.registration else None
    if erased is None or bound is None or bound <= erased:
        return None
    return moment(bound)
