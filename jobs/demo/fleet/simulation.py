"""The fleet: every robot's life, in one endless and repeatable stream of records."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import msgspec
import numpy as np

from jobs.demo.fleet.faults import Good, break_one
from jobs.demo.fleet.firmware import Firmware
from jobs.demo.fleet.home.dice import happens
from jobs.demo.fleet.plan import Plan
from jobs.demo.fleet.records import Fate, Record
from jobs.demo.fleet.registrations import Owner
from jobs.demo.fleet.robot import Robot, Said, Saying
from schemas.policies import Policies
from schemas.policies.gates import NO_CONSENT, NO_FAULT, NOT_BOUND, Gates, gates
from schemas.regions import Region, Residency
from schemas.tables import CLEANING_HISTORY, MAP_TILES, STREAMED, TELEMETRY
from schemas.tables.cleaning_history import Cleaning
from schemas.tables.devices import DEVICES_TOPIC
from schemas.tables.map_tiles import MapTile
from schemas.tables.telemetry import Telemetry

_TOPICS: dict[type[Saying], str] = {
    Telemetry: TELEMETRY.topic,
    MapTile: MAP_TILES.topic,
    Cleaning: CLEANING_HISTORY.topic,
}
_WAKE_WITHIN = 20.0
"""Seconds of their lives within which all robots have begun to speak."""

_TOO_LATE, _CANCELS = 0.25, 0.2
_MARGIN = timedelta(hours=12)
"""No record is so near the late window that its fate depends on how long it took to arrive."""


def records(plan: Plan, start: datetime) -> Iterator[Record]:
    """Registrations, then what the fleet says, by when it is due; for ever.

    A registration must be durable before what follows is sent, and after what came before it:
    the fates rely on it.

    Args:
        plan: The fleet.
        start: When the fleet begins to speak; a right clock shows it then.
    """
    units = [_Unit(plan, index, owner, start) for index, owner in enumerate(plan.owners())]
    yield from (unit.registration() for unit in units if unit.owner.is_registered)
    waiting = [(unit.wakes, index) for index, unit in enumerate(units)]
    heapq.heapify(waiting)
    while waiting:
        _, index = heapq.heappop(waiting)
        yield from units[index].speak()
        heapq.heappush(waiting, (units[index].wakes, index))


def registered(owner: Owner, after: float, start: datetime) -> Record:
    """A registration as the account service sends it."""
    value = msgspec.json.encode(owner.registration(start))
    return Record(
        after, DEVICES_TOPIC, owner.device.encode(), value, (), Fate("registration", _home(owner))
    )


def fate_of(
    owner: Owner,
    topic: str,
    served: frozenset[Region] | None = None,
    *,
    has_fault: bool = False,
) -> Fate:
    """What becomes of a good record that comes in time.

    Args:
        owner: As registered when the record arrives.
        topic: The record's.
        served: Regions that the workers serve; None for all.
        has_fault: The record names one.
    """
    region = _home(owner)
    if not owner.is_registered:
        return Fate("rejected", why="not registered")
    if not region:
        return Fate("rejected", why="no region")
    if served is not None and region not in served:
        return Fate("elsewhere", region)
    reason = _withheld(owner, _gates(owner.vendor, topic), has_fault=has_fault)
    return Fate("withheld", region, reason) if reason else Fate("stored", region)


def _withheld(owner: Owner, asked: Gates, *, has_fault: bool) -> str:
    """Why the maker's policy keeps a record out; empty where it does not."""
    if asked.bound and not owner.is_bound:
        return NOT_BOUND
    if not all(owner.granted(name) for name in asked.consents):
        return NO_CONSENT
    return NO_FAULT if asked.faults and not has_fault else ""


@cache
def _gates(vendor: str, topic: str) -> Gates:
    policy = Policies.shipped().of(vendor)
    return gates(policy, STREAMED[topic]) if policy else Gates()


@cache
def _residency() -> Residency:
    return Residency.shipped()


def _home(owner: Owner) -> Region:
    return _residency().regions.get(owner.country, Region(""))


@dataclass(slots=True)
class _Unit:
    """One robot of the running fleet; its robot is built when it first speaks.

    Attributes:
        wakes: When it speaks next, in seconds of the robots' lives.
    """

    plan: Plan
    index: int
    owner: Owner
    start: datetime
    wakes: float = field(init=False)
    _firmware: Firmware = field(init=False)
    _rng: np.random.Generator = field(init=False)
    _life: Iterator[Said] | None = None
    _began: float = 0.0
    _said: Said | None = None
    _delay: timedelta = timedelta(0)
    _silent_until: float = 0.0
    _is_cancelled: bool = False

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng([self.plan.seed, self.index, 4])
        mix = self.plan.mix
        self._firmware = Firmware.draw(
            self._rng, wrong_clocks=mix.wrong_clocks, unknown_fields=mix.unknown_fields
        )
        self.wakes = self._began = float(self._rng.random()) * _WAKE_WITHIN

    @property
    def _after(self) -> float:
        return self.wakes / self.plan.speed

    def registration(self) -> Record:
        """Its registration, or a tombstone where it was cancelled."""
        after = self._after if self._said else 0.0
        if not self._is_cancelled:
            return registered(self.owner, after, self.start)
        key = self.owner.device.encode()
        return Record(after, DEVICES_TOPIC, key, None, (), Fate("registration", why="cancelled"))

    def speak(self) -> Iterator[Record]:
        """What it says when it wakes, and what its owner does after a cleaning."""
        if self._said is not None:
            yield self._record(self._said)
            if isinstance(self._said.what, Cleaning):
                self._draw_delays()
                if self._has_changed():
                    yield self.registration()
        if self._life is None:
            self._life = Robot.of(self.owner, self.plan.seed, self.index).life()
        self._said = next(self._life)
        self.wakes = max(self.wakes, self._began + self._said.at, self._silent_until)

    def _draw_delays(self) -> None:
        """Whether the next cleaning is uploaded late, and whether the robot falls silent."""
        window, mix = self.plan.late_window, self.plan.mix
        self._delay = timedelta(0)
        if happens(self._rng, mix.late):
            too_late = happens(self._rng, _TOO_LATE)
            earliest = window + _MARGIN if too_late else timedelta(hours=2.5)
            latest = earliest + timedelta(days=3) if too_late else window - _MARGIN
            self._delay = earliest + (latest - earliest) * float(self._rng.random())
        if happens(self._rng, mix.offline):
            self._silent_until = self.wakes + float(self._rng.uniform(120, 1200))

    def _has_changed(self) -> bool:
        """Whether the owner moved, changed a consent, cancelled, or came back."""
        owner = self.owner
        if not owner.is_registered or owner.is_steady:
            return False
        if not happens(self._rng, self.plan.mix.changes):
            return False
        if self._is_cancelled or happens(self._rng, _CANCELS):
            self._is_cancelled = not self._is_cancelled
        else:
            self.owner = self.owner.changed(self._rng, self.plan.countries)
        return True

    def _record(self, said: Said) -> Record:
        topic = _TOPICS[type(said.what)]
        at = self.start + timedelta(seconds=(self._began + said.at) / self.plan.speed)
        saying = self._firmware.stamped(said.what, at - self._delay)
        fields = self._firmware.fields(saying, self.owner)
        after, key = self._after, self.owner.device.encode()
        if happens(self._rng, self.plan.mix.broken):
            broken = break_one(Good(fields, self.owner, self._rng))
            fate = Fate("rejected", why=broken.kind)
            key = broken.record_key or key
            return Record(after, topic, key, broken.value, broken.headers, fate)
        value = self._firmware.encode(fields)
        return Record(after, topic, key, value, self._firmware.headers, self._fate(said.what))

    def _fate(self, what: Saying) -> Fate:
        if self._delay > self.plan.late_window and self._firmware.clock == "right":
            return Fate("expired")
        if self._is_cancelled:
            return Fate("withheld", why="cancelled")
        has_fault = isinstance(what, MapTile) and what.fault is not None
        topic = _TOPICS[type(what)]
        return fate_of(self.owner, topic, self.plan.served, has_fault=has_fault)
