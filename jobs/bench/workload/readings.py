"""What the fleet of the benchmark sends: registrations, and readings of which few are not good.

The same seed and `now` give the same records. A reading has 15 fields and about 240 bytes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from schemas.tables.devices import Consent, Device

Record = tuple[bytes, bytes]
"""Record key and value, as published."""

_COUNTRIES = {"eu": ("DE", "FR", "PL", "NL"), "us": ("US", "CA")}
_VENDORS = ("360-robot-vacuum", "smarock")
MAPS_FOR_FAULTS = frozenset({"smarock"})
"""Makers whose policy lets in no other map."""

_SECOND = 1_000_000


class Kind(Enum):
    """What is special about a record."""

    GOOD = "good"
    LATE = "late"
    BROKEN = "broken"
    OUT_OF_RANGE = "out of range"
    UNREGISTERED = "unregistered"


SHARES = {
    Kind.GOOD: 0.97,
    Kind.LATE: 0.01,
    Kind.BROKEN: 0.005,
    Kind.OUT_OF_RANGE: 0.005,
    Kind.UNREGISTERED: 0.01,
}
"""How many of all records."""


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot of the fleet; every other one is at home in the EU."""

    device: str
    country: str
    vendor: str
    session: str

    @classmethod
    def numbered(cls, i: int) -> "Robot":
        """The i-th robot."""
        countries = _COUNTRIES["eu" if i % 2 == 0 else "us"]
        return cls(
            device=f"R{i * 7919 % 10**6:06d}",
            country=countries[i % len(countries)],
            vendor=_VENDORS[i % len(_VENDORS)],
            session=f"s{i * 31 % 16**4:04x}",
        )


def fleet(robots: int) -> list[Robot]:
    """The registered robots."""
    return [Robot.numbered(i) for i in range(robots)]


def strangers(robots: int) -> list[Robot]:
    """Robots that nobody registered, beside a fleet of that many."""
    return [Robot.numbered(robots + i) for i in range(robots)]


def registrations(robots: int, now: datetime) -> Iterator[Record]:
    """One registration a robot, with every consent, long before any reading."""
    since = int((now - timedelta(days=20)).timestamp()) * _SECOND
    consents = tuple(
        Consent(name=name, granted=True, since=since)
        for name in ("telemetry", "maps", "history", "location")
    )
    for robot in fleet(robots):
        device = Device(
            device=robot.device,
            vendor=robot.vendor,
            model="S8",
            country=robot.country,
            account=f"a{robot.device}",
            bound_since=since,
            consents=consents,
        )
        yield robot.device.encode(), msgspec.json.encode(device)


def readings(count: int, now: datetime, *, robots: int = 5_000, seed: int = 1) -> Iterator[Record]:
    """Readings of robots that clean, by `SHARES`, in no order of robots."""
    chance = random.Random(seed)  # noqa: S311 - a workload, not a secret
    known, unknown = fleet(robots), strangers(robots)
    keys = {robot: robot.device.encode() for robot in (*known, *unknown)}
    at = int(now.timestamp() * _SECOND)
    for kind in kinds(count, chance):
        robot = chance.choice(unknown if kind is Kind.UNREGISTERED else known)
        yield keys[robot], _reading(robot, kind, at, chance)


def kinds(count: int, chance: random.Random) -> list[Kind]:
    """So many kinds, by `SHARES`."""
    return chance.choices(tuple(SHARES), tuple(SHARES.values()), k=count)


def event_time(kind: Kind, at: int, chance: random.Random) -> int:
    """Microseconds since 1970: within two seconds before `at`, or one to five days where late."""
    late = chance.randrange(1, 6) * 86_400 * _SECOND if kind is Kind.LATE else 0
    return at - late - int(chance.random() * 2 * _SECOND)


def _reading(robot: Robot, kind: Kind, at: int, chance: random.Random) -> bytes:
    some, other = chance.random(), chance.random()
    text = (
        f'{{"device":"{robot.device}","event_time":{event_time(kind, at, chance)},'
        f'"status":"cleaning","status_flag":"none",'
        f'"battery_level":{250 if kind is Kind.OUT_OF_RANGE else int(some * 101)},'
        f'"session":"{robot.session}","x":{some * 20 - 10:.2f},"y":{other * 20 - 10:.2f},'
        f'"area":{int(other * 500_000)},"duration":{int(some * 5_000)},"fan_speed":"max",'
        f'"fault_code":0,"firmware":"4.1.5","latitude":{50 + other:.1f},'
        f'"longitude":{8 + some:.1f}}}'
    )
    return text[: len(text) // 2].encode() if kind is Kind.BROKEN else text.encode()
