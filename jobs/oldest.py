"""The oldest row that a destination still holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.log import DataFile

_CLOCKS = ("event_time", "ingest_time")


@dataclass(frozen=True, slots=True)
class Oldest:
    """What is left in a destination.

    Attributes:
        time: Of the oldest row, by the robot's clock or the broker's, whichever is earlier.
        expires: The next hour by which something must be gone.
    """

    time: datetime
    expires: datetime


def oldest(live: Iterable[DataFile]) -> Oldest | None:
    """By the bounds that the log has; None where no row is left."""
    files = list(live)
    starts = [
        low
        for file in files
        for name, (low, _) in file.bounds.items()
        if name in _CLOCKS and isinstance(low, datetime)
    ]
    if not starts:
        return None
    return Oldest(min(starts), min(file.path.expires for file in files))
