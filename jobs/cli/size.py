"""`fortnight size`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from jobs import sizing
from jobs.cli.columns import print_table
from jobs.cli.settings import settings
from schemas.errors import SettingsError

app = typer.Typer()

SUITES = ("bench", "maps", "compact")
"""Whose figures are of use here."""

_USUAL = sizing.Load(robots=1)

Robots = Annotated[int, typer.Option("--robots", help="How many there are.", min=1)]
CleaningHours = Annotated[
    float, typer.Option("--cleaning-hours", help="A day, of one robot.", min=0, max=24)
]
CleaningSeconds = Annotated[
    float,
    typer.Option("--cleaning-seconds", help="Between readings while it cleans.", min=0.01),
]
IdleSeconds = Annotated[
    float, typer.Option("--idle-seconds", help="The same while it does not.", min=0.01)
]
Tiles = Annotated[
    float, typer.Option("--tiles", help="Versions of map tiles in an hour of cleaning.", min=0)
]
Cleanings = Annotated[float, typer.Option("--cleanings", help="A day, of one robot.", min=0)]
Peak = Annotated[
    float, typer.Option("--peak", help="The busiest minutes over the day's mean.", min=1)
]
Figures = Annotated[
    Path | None,
    typer.Option(
        "--figures", help="Folder of what was measured on one's own machine: build/figures."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs: everything, unrounded.")]


@app.command()
def size(  # noqa: PLR0913 - each is an option
    *,
    robots: Robots,
    cleaning_hours: CleaningHours = _USUAL.cleaning_hours,
    cleaning_seconds: CleaningSeconds = _USUAL.cleaning_seconds,
    idle_seconds: IdleSeconds = _USUAL.idle_seconds,
    tiles: Tiles = _USUAL.tiles,
    cleanings: Cleanings = _USUAL.cleanings,
    peak: Peak = _USUAL.peak,
    figures: Figures = None,
    json: Json = False,
) -> None:
    """Say what a fleet needs under these settings: workers, requests, objects, bytes a day."""
    load = sizing.Load(
        robots=robots,
        cleaning_hours=cleaning_hours,
        cleaning_seconds=cleaning_seconds,
        idle_seconds=idle_seconds,
        tiles=tiles,
        cleanings=cleanings,
        peak=peak,
    )
    measured = sizing.Measured.of(_read(figures) if figures else {})
    found = sizing.plan(load, settings(), measured)
    if json:
        typer.echo(msgspec.json.encode(asdict(found) | {"kept_bytes": found.kept_bytes}))
    else:
        _print(found, robots)


def _print(found: sizing.Size, robots: int) -> None:
    print_table(("under these settings", f"{robots:,} robots"), list(sizing.lines(found)))
    typer.echo()
    made = {**found.requests, "together": found.total}
    rows = [(who, f"{one.puts:,.0f}", f"{one.gets:,.0f}") for who, one in made.items()]
    print_table(("S3 requests a day", "PUT, LIST", "GET, HEAD"), rows)


def _read(folder: Path) -> Mapping[str, float]:
    """The figures of the suites that were run.

    Raises:
        SettingsError: None was, or a file is none of figures.
    """
    found: dict[str, float] = {}
    for file in (folder / f"{suite}.json" for suite in SUITES):
        if file.exists():
            try:
                found |= msgspec.json.decode(file.read_bytes(), type=dict[str, float])
            except (OSError, msgspec.MsgspecError):
                raise SettingsError(f"{file}: cannot be read as figures") from None
    if not found:
        raise SettingsError(f"{folder}: there are no figures; make bench writes some")
    return found
