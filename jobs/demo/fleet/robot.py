"""A robot's life, told by itself: docked, mapping, cleaning lane by lane, stuck, docked again.

One step is two seconds of the robot's time. A robot says where it is at each step, sends the
tiles that changed every few steps, and its cleaning when it is done.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Any

import numpy as np

from jobs.demo.fleet.home.dice import choose, happens
from jobs.demo.fleet.home.floorplan import Home, build
from jobs.demo.fleet.home.lidar import scan
from jobs.demo.fleet.home.memory import MapMemory
from jobs.demo.fleet.home.walk import LANE, Cell, Walker
from jobs.demo.fleet.registrations import Owner
from schemas.tables.cleaning_history import Cleaning, Mode, Result
from schemas.tables.map_tiles import MapTile
from schemas.tables.telemetry import FanSpeed, FaultKind, Subsystem, Telemetry

STEP = 2.0
"""Seconds."""

CELL = 5
"""Centimetres."""

SENDS_MAPS_WITH_FAULTS_ONLY = frozenset({"smarock"})
"""Smarock's policy (2022): maps are collected "when the robot fails to report an error"."""

Saying = Telemetry | MapTile | Cleaning

RECORDS_A_SECOND = 0.62
"""What a robot says a second on average, measured over hours."""

_REST_SECONDS = 30.0
_FULL, _LOW = 100.0, 15.0  # per cent
_CELLS_A_STEP = 12  # 0.3 m/s
_DRAIN = 0.03  # per cent a step: a charge lasts two hours
_MAPPING_TILES_EVERY, _CLEANING_TILES_EVERY = 2, 5
_FAULT_EVERY = 500
"""Steps between two faults of one robot, on average: a quarter of an hour of driving."""

_FAULTS: tuple[tuple[Subsystem, FaultKind, int], ...] = (
    ("navigation", "transient", 2105),
    ("sensors", "transient", 514),
    ("motors", "transient", 1201),
    ("attachments", "transient", 568),
    ("motors", "permanent", 1212),
    ("power", "permanent", 320),
)
_MODES: tuple[Mode, ...] = ("all", "segment", "segment", "spot")
_FANS: tuple[FanSpeed, ...] = ("low", "medium", "medium", "high", "max")
_FIRMWARES = ("3.5.8_0912", "3.5.9_1046", "4.1.2-rc1", "2.0.44")


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a robot said.

    Attributes:
        at: Seconds of the robot's life; `event_time` and `started` count from its beginning.
    """

    at: float
    what: Saying


@dataclass(slots=True)
class _Work:
    """A cleaning under way."""

    session: str
    mode: Mode
    fan: FanSpeed
    started: float
    battery: int
    rooms: int
    steps: int = 0
    fault: Subsystem = "none"
    result: Result = "finished"


@dataclass(slots=True)
class Robot:
    """A robot in its home; `life` may be asked for once."""

    owner: Owner
    rng: np.random.Generator
    home: Home
    walker: Walker = field(init=False)
    memory: MapMemory = field(init=False)
    now: float = 0.0
    battery: float = 100.0
    place: Cell = (0, 0)
    _name: str = field(init=False)
    _firmware: str = field(init=False)
    _sessions: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.walker = Walker(self.home)
        self.memory = MapMemory.empty(self.home, self.rng)
        self.place = self.home.dock
        self.battery = float(self.rng.integers(60, 101))
        self._name = f"{self.rng.integers(1 << 62):016x}"
        self._firmware = choose(self.rng, _FIRMWARES)
        self._sessions = count(1)

    @classmethod
    def of(cls, owner: Owner, seed: int, index: int) -> "Robot":
        """The fleet's robot with this index, in the home of its own seed."""
        rng = np.random.default_rng([seed, index, 2])
        return cls(owner, rng, build(int(rng.integers(1 << 31))))

    def life(self) -> Iterator[Said]:
        """Everything that it says, for ever."""
        if happens(self.rng, 0.1):
            yield from self._rest(1)
        if happens(self.rng, 0.35):
            yield from self._explore()
        else:
            self._know_everything()
            yield from self._tiles()
        while True:
            yield from self._clean()
            yield from self._rest(int(self.rng.integers(1, 5)))

    def _rest(self, readings: int) -> Iterator[Said]:
        """At the dock: a reading every half minute, from time to time with its place on earth."""
        for i in range(readings):
            self.now += _REST_SECONDS
            self.battery = min(_FULL, self.battery + 1)
            where: dict[str, Any] = {}
            if i == 0 and self.owner.place:
                where = dict(zip(("latitude", "longitude"), self.owner.place, strict=True))
            yield self._reading(
                "docked", battery_flag="charging" if self.battery < _FULL else "charged", **where
            )

    def _explore(self) -> Iterator[Said]:
        """Drive through every room, and send the map as it grows; at last, the rooms."""
        steps = count()
        for room in range(1, len(self.home.rooms) + 1):
            for _ in self._drive(self.walker.spots(room)):
                yield self._reading("cleaning", status_flag="mapping", battery_flag="discharging")
                if next(steps) % _MAPPING_TILES_EVERY == 0:
                    self.memory.look(scan(self.home, self.place))
                    yield from self._tiles()
        yield from self._return()
        self.memory.segment(self.home)
        yield from self._tiles()

    def _know_everything(self) -> None:
        for room in range(1, len(self.home.rooms) + 1):
            for spot in self.walker.spots(room):
                self.memory.look(scan(self.home, spot))
        self.memory.segment(self.home)

    def _clean(self) -> Iterator[Said]:
        self.memory.forget_path(self.home)
        work, points = self._plan()
        for way in self._drive(points):
            work.steps += 1
            self.memory.draw_path(way)
            yield self._reading("cleaning", battery_flag="discharging", **_progress(work))
            if work.steps % _CLEANING_TILES_EVERY == 0:
                yield from self._tiles()
            if happens(self.rng, 1 / _FAULT_EVERY):
                yield from self._fail(work)
            if work.result == "fault" or self.battery < _LOW:
                break
        yield from self._tiles()
        yield from self._return()
        yield self._cleaning(work)

    def _plan(self) -> tuple[_Work, list[Cell]]:
        """What to clean: the whole home, a room or two, or a spot."""
        rooms = self.rng.permutation(len(self.home.rooms)) + 1
        mode: Mode = choose(self.rng, _MODES)
        if mode == "segment":
            rooms = rooms[: int(self.rng.integers(1, 3))]
        points = [cell for room in rooms.tolist() for cell in self.walker.lanes(room)]
        if mode == "spot":
            rooms, middle = rooms[:1], points[len(points) // 2]
            points = self.walker.around(middle, 5 * LANE)
        session = f"{self._name}-{next(self._sessions)}"
        fan = choose(self.rng, _FANS)
        return _Work(session, mode, fan, self.now, round(self.battery), len(rooms)), points

    def _drive(self, points: list[Cell]) -> Iterator[list[Cell]]:
        """Through the points in their order; yields each step's cells when it is done."""
        for way in _steps(self._way(points)):
            self.now += STEP
            self.battery = max(1.0, self.battery - _DRAIN)
            self.place = way[-1]
            yield way

    def _way(self, points: list[Cell]) -> Iterator[Cell]:
        here = self.place
        for point in points:
            yield from self.walker.way(here, point)[1:]
            here = point

    def _return(self) -> Iterator[Said]:
        # a robot turns off its lanes between two cells that ways lead through
        here = self.walker.nearest(self.place)
        self.place = here
        for _ in self._drive([self.home.dock]):
            yield self._reading("returning", battery_flag="discharging")

    def _fail(self, work: _Work) -> Iterator[Said]:
        """Stuck for a while, or for good; the map is sent so that somebody can see where."""
        work.fault, kind, code = choose(self.rng, _FAULTS)
        told: dict[str, Any] = {
            "fault_kind": kind,
            "fault_level": "error" if kind == "permanent" else "warning",
            "fault_subsystem": work.fault,
            "fault_code": code,
        }
        for i in range(int(self.rng.integers(3, 12))):
            self.now += STEP
            yield self._reading("error", battery_flag="discharging", **_progress(work), **told)
            if i == 0:
                yield from self._tiles(work.fault)
        if kind == "permanent":
            work.result = "fault"

    def _tiles(self, fault: Subsystem | None = None) -> Iterator[Said]:
        waits = self.owner.vendor in SENDS_MAPS_WITH_FAULTS_ONLY and not self.owner.sends_every_map
        if fault is None and waits:
            return
        for y, x, cells in self.memory.changes() if fault is None else self.memory.everything():
            tile = MapTile(
                device=self.owner.device,
                event_time=_microseconds(self.now),
                map=self._name,
                tile_x=x,
                tile_y=y,
                version=self.memory.version,
                encoding="raw",
                cells=cells.tobytes(),
                pixel_size=CELL,
                fault=fault,
            )
            yield Said(self.now, tile)

    def _reading(self, status: Any, **more: Any) -> Said:  # noqa: ANN401 - Telemetry's fields
        reading = Telemetry(
            device=self.owner.device,
            event_time=_microseconds(self.now),
            status=status,
            battery_level=round(self.battery),
            x=(self.place[1] - self.home.dock[1]) * CELL / 100,
            y=(self.place[0] - self.home.dock[0]) * CELL / 100,
            firmware=self._firmware,
            **more,
        )
        return Said(self.now, reading)

    def _cleaning(self, work: _Work) -> Said:
        cleaning = Cleaning(
            device=self.owner.device,
            event_time=_microseconds(self.now),
            session=work.session,
            started=_microseconds(work.started),
            mode=work.mode,
            result=work.result,
            area=_area(work),
            duration=int(self.now - work.started),
            map=self._name,
            segments=min(work.rooms, 31),
            fan_speed=work.fan,
            battery_start=work.battery,
            battery_end=round(self.battery),
            fault_subsystem=work.fault,
        )
        return Said(self.now, cleaning)


def _steps(cells: Iterator[Cell]) -> Iterator[list[Cell]]:
    while way := list(islice(cells, _CELLS_A_STEP)):
        yield way


def _area(work: _Work) -> int:
    return work.steps * _CELLS_A_STEP * CELL * LANE * CELL


def _progress(work: _Work) -> dict[str, Any]:
    return {
        "status_flag": "none" if work.mode == "all" else work.mode,
        "session": work.session,
        "area": _area(work),
        "duration": work.steps * int(STEP),
        "fan_speed": work.fan,
    }


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
