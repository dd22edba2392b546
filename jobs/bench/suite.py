"""The benchmark: every contender on the same records, in turn, so that all see the same machine."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil

from jobs.bench.arena import Say, arena
from jobs.bench.contenders import Contender, Peer, Worker
from jobs.bench.measure import CONSUMER_CORE, Measurement, pin_to
from jobs.bench.workload.readings import readings, registrations
from jobs.bench.workload.tiles import HEADERS, tiles
from schemas.settings import Settings
from schemas.tables import MAP_TILES, TELEMETRY
from schemas.tables.devices import DEVICES_TOPIC

STOCK_FAUST = Peer("stock Faust agent", "stock_faust", TELEMETRY, rows=5_000)
PLAIN_LOOP = Peer("plain loop", "plain_loop", TELEMETRY, rows=Settings().flush_rows)
WHOLE_PATH = Worker("whole path", TELEMETRY)
PLAIN_TILES = Peer("plain loop, tiles", "plain_tiles", MAP_TILES, rows=30_000)
WHOLE_TILES = Worker("whole path, tiles", MAP_TILES)

_ROBOTS = 5_000
_SPARE, _SPARE_TILES = 500_000, 40_000
"""More is published than is read, so that nobody's last flush waits for its period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        rounds: Every contender runs so often; the median counts.
        records: Readings of a run of the plain loop and of the worker.
        stock: Readings of a run of the stock Faust agent.
        tiles: Tiles of a run.
        memory: Readings of the run that shows the worker's memory.
    """

    rounds: int = 3
    records: int = 2_000_000
    stock: int = 100_000
    tiles: int = 150_000
    memory: int = 5_000_000


QUICK = Scale(rounds=1, records=750_000, stock=40_000, tiles=60_000, memory=1_000_000)


@dataclass(frozen=True, slots=True)
class Results:
    """What was measured, and on what.

    Attributes:
        runs: By contender, one measurement a round.
        memory: The worker's long run.
        machine: In words.
    """

    runs: Mapping[Contender, Sequence[Measurement]]
    memory: Measurement
    machine: str


@dataclass(frozen=True, slots=True)
class Suite:
    """What a run of the benchmark needs to know.

    Attributes:
        scale: How much.
        folder: For what the parts keep; it may be removed afterwards.
        environment: Of every program that is started.
        now: What the workload calls now.
        say: Told what happens.
    """

    scale: Scale
    folder: Path
    environment: Mapping[str, str]
    now: datetime
    say: Say

    def run(self) -> Results:
        """Measure everything, on a Kafka and an S3 server of our own.

        Raises:
            PartError: A part of the system, or a contender, ended by itself.
            RetryableError: A contender was not done in time.
        """
        machine = _share_the_cores()
        runs, memory, store = self._readings()
        return Results(runs | self._tiles(), memory, f"{machine}; S3 is {store}")

    def _readings(self) -> tuple[dict[Contender, list[Measurement]], Measurement, str]:
        scale = self.scale
        turns: dict[Contender, int] = {
            STOCK_FAUST: scale.stock,
            PLAIN_LOOP: scale.records,
            WHOLE_PATH: scale.records,
        }
        most = max(*turns.values(), scale.memory) + _SPARE
        with arena(self.folder / "readings", self.environment, self.say) as place:
            place.publish(DEVICES_TOPIC, registrations(_ROBOTS, self.now))
            place.publish(TELEMETRY.topic, readings(most, self.now, robots=_ROBOTS))
            runs = place.rounds(turns, TELEMETRY, scale.rounds)
            self.say("the same worker for longer: its memory")
            return runs, place.run(WHOLE_PATH, TELEMETRY, scale.memory), place.store

    def _tiles(self) -> dict[Contender, list[Measurement]]:
        turns: dict[Contender, int] = {
            PLAIN_TILES: self.scale.tiles,
            WHOLE_TILES: self.scale.tiles,
        }
        records = tiles(self.scale.tiles + _SPARE_TILES, self.now, robots=_ROBOTS)
        with arena(self.folder / "tiles", self.environment, self.say) as place:
            place.publish(DEVICES_TOPIC, registrations(_ROBOTS, self.now))
            place.publish(MAP_TILES.topic, records, HEADERS)
            return place.rounds(turns, MAP_TILES, self.scale.rounds)


def _share_the_cores() -> str:
    """Keep this process and what it starts off the consumer's core; the machine in words."""
    others = [core for core in range(psutil.cpu_count() or 1) if core != CONSUMER_CORE]
    is_pinned = pin_to(psutil.Process().pid, others) if others else False
    system = f"{platform.system()}, {platform.machine()}, {len(others) + 1} cores"
    pinned = "one core is the consumer's" if is_pinned else "nothing is pinned"
    return f"{system}, Python {platform.python_version()}; {pinned}"
