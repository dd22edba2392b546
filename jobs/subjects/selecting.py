"""Which rows are a subject's: its devices' pseudonyms, as far as the devices were its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from jobs.rewriting import Selection
from jobs.subjects.case import Case
from jobs.subjects.roll import Listed, Roll
from jobs.subjects.subject import names
from schemas.errors import PolicyError
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


def devices_of(cases: Iterable[Case]) -> list[str]:
    """Ids of the cases' devices, each once.

    Raises:
        PolicyError: One has none: whatever were done for it would be nothing, and told as done.
    """
    devices: dict[str, None] = {}
    for case in cases:
        if not case.subject.devices:
            raise PolicyError(
                f"request {case.request.number}: no device of its subject is known here, in region "
                f"{case.office.region}: ask the regions that it may have been in; "
                "`fortnight follow` clears what was cancelled or bound anew; else name device:ID"
            )
        devices |= dict.fromkeys(case.subject.devices)
    return list(devices)


def last_mark(devices: Iterable[str], roll: Roll) -> datetime | None:
    """When the last of the devices' marks came, by the broker's clock; None where none has one."""
    times = [roll.of(device).marked for device in devices]
    return max((time for time in times if time is not None), default=None)


def is_restricted(device: str, roll: Roll) -> bool:
    """Whether its rows are put aside."""
    mark = roll.of(device).mark
    return mark is not None and mark.restricted


def is_erased(device: str, roll: Roll) -> bool:
    """Whether it is, and nobody bound it since."""
    listed = roll.of(device)
    erased = listed.mark is not None and listed.mark.erased is not None
    return erased and _bound_since(listed) is None


def _bound_since(listed: Listed) -> datetime | None:
    """When somebody bound an erased device again; None where nobody did."""
    erased = listed.mark.erased if listed.mark else None
    bound = listed.registration.bound_since if listed.registration else None
    if erased is None or bound is None or bound <= erased:
        return None
    return moment(bound)
