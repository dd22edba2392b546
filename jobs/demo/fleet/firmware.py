"""From what a robot says to a record's bytes: its clock, its format, and what it should not say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
import numpy as np

from jobs.demo.fleet.home.dice import choose, happens
from jobs.demo.fleet.packing import ENCODINGS, Encoding, pack
from jobs.demo.fleet.registrations import Owner
from jobs.demo.fleet.robot import Saying
from schemas.retention import microseconds
from schemas.tables.cleaning_history import Cleaning
from schemas.tables.map_tiles import MapTile

Headers = tuple[tuple[str, bytes], ...]
Fields = dict[str, Any]

MESSAGEPACK: Headers = (("content-type", b"application/msgpack"),)

_CLOCKS: dict[str, datetime] = {
    "never set": datetime(1970, 1, 2, tzinfo=UTC),
    "a century ahead": datetime(2099, 7, 1, tzinfo=UTC),
}


_WRONG: tuple[Literal["never set", "a century ahead"], ...] = ("never set", "a century ahead")


@dataclass(frozen=True, slots=True)
class Firmware:
    """How one robot's software writes records.

    Attributes:
        encoding: Of its tiles.
        clock: Whether it can be believed.
        is_careless: Sends fields that nobody asked for, the Wi-Fi's password among them.
    """

    uses_messagepack: bool
    encoding: Encoding
    clock: Literal["right", "never set", "a century ahead"]
    is_careless: bool

    @classmethod
    def draw(
        cls, rng: np.random.Generator, *, wrong_clocks: float, unknown_fields: float
    ) -> "Firmware":
        """One of the fleet's, with these shares of robots with each defect."""
        wrong = happens(rng, wrong_clocks)
        return cls(
            uses_messagepack=happens(rng, 0.3),
            encoding=choose(rng, ENCODINGS),
            clock=choose(rng, _WRONG) if wrong else "right",
            is_careless=happens(rng, unknown_fields),
        )

    @property
    def headers(self) -> Headers:
        """What its records carry."""
        return MESSAGEPACK if self.uses_messagepack else ()

    def stamped(self, saying: Saying, now: datetime) -> Saying:
        """The same with the robot's clock: it shows `now`, or something else.

        Args:
            saying: Its times count from the beginning of the robot's life.
            now: What a right clock shows.
        """
        shown = microseconds(now)
        if self.clock != "right":
            shown = microseconds(_CLOCKS[self.clock]) + saying.event_time
        if isinstance(saying, Cleaning):
            started = shown - (saying.event_time - saying.started)
            return msgspec.structs.replace(saying, event_time=shown, started=started)
        return msgspec.structs.replace(saying, event_time=shown)

    def fields(self, saying: Saying, owner: Owner) -> Fields:
        """What it writes down: nothing that is not known, and more than it should."""
        if isinstance(saying, MapTile) and saying.encoding == "raw":
            saying = pack(saying, self.encoding)
        written = {
            name: value
            for name, value in msgspec.structs.asdict(saying).items()
            if value is not None
        }
        if self.is_careless:
            written |= {**dict(owner.secrets), "uptime": 4711, "debug": {"heap": [1, 2, 3]}}
        return written

    def encode(self, fields: Fields) -> bytes:
        """The record's value."""
        if self.uses_messagepack:
            return msgspec.msgpack.encode(fields)
        return msgspec.json.encode(fields)
