"""Whether a place that watch asks gives an answer, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Place(StrEnum):
    """What kind of place it is."""

    KAFKA = "kafka"
    REGION = "region"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Reach:
    """What became of asking one place.

    Attributes:
        name: `kafka`, a region's name, or the URL of a worker's metrics: as it was given, or, where
            its name stands for several, with the address.
        answers: Whether it answered this time.
        since: Since when it does, or does not; UTC.
        took: How long asking took.
        problem: Why it gave no answer, in words that name the place; empty where it answered.
    """

    kind: Place
    name: str
    answers: bool
    since: datetime
    took: timedelta
    problem: str = ""
