"""A record to be sent, and what should become of it: what an oracle in a test compares."""

from dataclasses import dataclass
from typing import Literal

from jobs.demo.fleet.firmware import Headers
from schemas.regions import Region

How = Literal["registration", "stored", "rejected", "expired", "withheld", "elsewhere"]


NO_REGION = Region("")


@dataclass(frozen=True, slots=True)
class Fate:
    """What should become of a record.

    Attributes:
        region: Where it is stored, or would be; empty where that does not matter.
        why: A fixed phrase; empty where nothing is out of the ordinary.
    """

    how: How
    region: Region = NO_REGION
    why: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be sent.

    Attributes:
        after: Seconds after the start at which it is due.
        value: None is a tombstone.
    """

    after: float
    topic: str
    record_key: bytes
    value: bytes | None
    headers: Headers
    fate: Fate
