"""What came of it: numbers for machines, a table with ratios for people."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from jobs.bench.contenders import Contender
from jobs.bench.measure import Measurement
from jobs.bench.suite import (
    PLAIN_LOOP,
    PLAIN_TILES,
    STOCK_FAUST,
    WHOLE_PATH,
    WHOLE_TILES,
    Results,
)

FIGURES = Path("build/figures/bench.json")

_KEYS: dict[Contender, str] = {
    STOCK_FAUST: "stock_faust",
    PLAIN_LOOP: "plain_loop",
    WHOLE_PATH: "whole_path",
}
_TILE_KEYS: dict[Contender, str] = {PLAIN_TILES: "plain_loop", WHOLE_TILES: "whole_path"}
_MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Bar:
    """What has to be reached.

    Attributes:
        value: As measured.
        limit: At least this, or at most where `upper`.
    """

    claim: str
    value: float
    limit: float
    upper: bool = False

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.value <= self.limit if self.upper else self.value >= self.limit


def numbers(results: Results) -> dict[str, float]:
    """Name -> number, the unit at the name's end; medians of the rounds."""
    found = {}
    for contender, key in _KEYS.items():
        runs = results.runs[contender]
        found[f"{key}_records_per_second"] = _median(runs, _records_per_second)
        found[f"{key}_cpu_us_per_record"] = _median(runs, _cpu_us_per_record)
    for contender, key in _TILE_KEYS.items():
        found[f"{key}_tiles_per_second"] = _median(results.runs[contender], _records_per_second)
    found["whole_path_rss_mb"] = results.memory.resident / _MEGABYTE
    return {name: round(number, 3) for name, number in found.items()}


def bars(found: Mapping[str, float]) -> list[Bar]:
    """What has to be reached, of `numbers`."""
    whole, plain, stock = (
        found[f"{key}_records_per_second"] for key in ("whole_path", "plain_loop", "stock_faust")
    )
    whole_tiles, plain_tiles = (
        found[f"{key}_tiles_per_second"] for key in ("whole_path", "plain_loop")
    )
    return [
        Bar("whole path / plain loop", whole / plain, 0.6),
        Bar("whole path / stock Faust", whole / stock, 15),
        Bar("whole path / plain loop, tiles", whole_tiles / plain_tiles, 0.5),
        Bar("memory of the whole path, MB", found["whole_path_rss_mb"], 700, upper=True),
    ]


def write(found: Mapping[str, float], path: Path) -> None:
    """Write the numbers as one flat JSON object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", "utf-8")


def show(results: Results, found: Mapping[str, float], console: Console) -> None:
    """Print who was how fast, and what was reached."""
    table = Table(title=results.machine, title_justify="left", title_style="dim")
    table.add_column("one core")
    for heading in ("records/s", "of plain loop", "x stock Faust", "CPU us/record", "RSS MB"):
        table.add_column(heading, justify="right")
    for contender, runs in results.runs.items():
        table.add_row(*_row(contender, runs, results))
    console.print(table)
    for bar in bars(found):
        mark = "[green]reached[/]" if bar.is_reached else "[red]missed[/]"
        sign = "<=" if bar.upper else ">="
        console.print(f"{mark}  {bar.claim}: {bar.value:.2f} ({sign} {bar.limit:g})")


def _row(contender: Contender, runs: Sequence[Measurement], results: Results) -> list[str]:
    is_tiles = contender in _TILE_KEYS
    speed = _median(runs, _records_per_second)
    plain = _median(results.runs[PLAIN_TILES if is_tiles else PLAIN_LOOP], _records_per_second)
    stock = _median(results.runs[STOCK_FAUST], _records_per_second)
    resident = max(one.resident for one in runs) / _MEGABYTE
    return [
        contender.name,
        f"{speed:,.0f}",
        f"{speed / plain:.2f}",
        "" if is_tiles else f"{speed / stock:.1f}",
        f"{_median(runs, _cpu_us_per_record):.2f}",
        f"{resident:,.0f}",
    ]


def _median(runs: Sequence[Measurement], number: Callable[[Measurement], float]) -> float:
    return median(map(number, runs))


def _records_per_second(run: Measurement) -> float:
    return run.records_per_second


def _cpu_us_per_record(run: Measurement) -> float:
    return run.cpu_us_per_record
