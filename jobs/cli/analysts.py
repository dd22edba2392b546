"""`fortnight sql`, `fortnight tables` and `fortnight map`: what analysts use."""

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import duckdb
import msgspec
import pyarrow as pa
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table as Grid

from jobs.census import census
from jobs.cli.settings import settings
from jobs.pictures.device import heat_of, is_pseudonym, picture_of, pictures_of
from schemas.retention import format_hour
from storage.dataset import Lake, connect, reading
from storage.places import open_lake, open_stores

app = typer.Typer()

_FRAME_MS, _LAST_FRAME_MS = 120, 2500


class Form(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def _pseudonym(text: str | None) -> str | None:
    if text is not None and not is_pseudonym(text):  # it may be a serial: not repeated
        raise typer.BadParameter("a pseudonym is needed: k1: and 32 hexadecimal digits")
    return text


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One view a table, with date, expires, region.")],
    *,
    form: Annotated[Form, typer.Option("--format", help="JSON: one object a line.")] = Form.TABLE,
) -> None:
    """Ask the tables, in DuckDB's SQL; times are UTC."""
    try:
        rows = reading(lambda: _ask(query))
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        raise typer.BadParameter(str(error)) from None
    _PRINTERS[form](rows)


@app.command()
def tables() -> None:
    """List what every table holds: by region and date, in rows, bytes and files."""
    grid = Grid("table", "region", "date", box=None, pad_edge=False)
    for title in ("rows", "bytes", "files"):
        grid.add_column(title, justify="right")
    grid.add_column("first to expire (UTC)")
    for one in census(_lake()):
        numbers = (f"{number:,}" for number in (one.rows, one.size, one.files))
        grid.add_row(
            one.table, one.region, one.date.isoformat(), *numbers, format_hour(one.expires)
        )
    _console().print(grid)


@app.command("map")
def draw_map(
    device: Annotated[
        str, typer.Argument(metavar="PSEUDONYM", callback=_pseudonym, help="The device's.")
    ],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="map.png; map.gif when animated.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--map", callback=_pseudonym, help="The map's; the newest.")
    ] = None,
    at: Annotated[datetime | None, typer.Option(help="As it was then (UTC); as it is.")] = None,
    animate: Annotated[
        bool, typer.Option("--animate", help="How it grew: a GIF, WebP or animated PNG.")
    ] = False,
    heat: Annotated[
        bool, typer.Option("--heat", help="In how many cleanings each place was swept.")
    ] = False,
) -> None:
    """Draw a device's map: rooms, walls, the robot's path, a scale and what is missing."""
    instant = at.replace(tzinfo=UTC) if at else None
    if animate and heat:
        raise typer.BadParameter("--animate or --heat, not both")
    if animate:
        pictures = pictures_of(device, _lake(), map_name=name, at=instant)
    else:
        picture = (heat_of if heat else picture_of)(device, _lake(), map_name=name, at=instant)
        pictures = [picture] if picture else []
    if not pictures:
        raise typer.BadParameter("no such map is stored, or none so early")
    file = output or Path("map.gif" if animate else "map.png")
    _save(pictures, file)
    frames = f", {len(pictures)} frames" if len(pictures) > 1 else ""
    typer.echo(f"{file}: {pictures[0].width} x {pictures[0].height} pixels{frames}")


def _save(pictures: Sequence[Image.Image], file: Path) -> None:
    """Write one picture, or an animated one; the file's name says in which format."""
    times = [_FRAME_MS] * (len(pictures) - 1) + [_LAST_FRAME_MS]
    animated: dict[str, Any] = {
        "save_all": True,
        "append_images": pictures[1:],
        "duration": times,
        "loop": 0,
    }
    try:
        pictures[0].save(file, **(animated if len(pictures) > 1 else {}))
    except ValueError:  # Pillow's, for a suffix that it does not know
        raise typer.BadParameter(f"{file}: no format of pictures that is known") from None


def _lake() -> Lake:
    chosen = settings()
    return open_lake(open_stores(chosen), chosen)


def _ask(query: str) -> pa.Table:
    with connect(_lake()) as connection:
        answer = connection.sql(query)
        return pa.table({}) if answer is None else answer.to_arrow_table()


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 10_000  # whatever reads this cuts lines itself
    return console


def _print_grid(rows: pa.Table) -> None:
    grid = Grid(*rows.column_names, box=None, pad_edge=False)
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        grid.add_row(*("" if value is None else str(value) for value in row))
    _console().print(grid)


def _print_csv(rows: pa.Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows.column_names)
    writer.writerows(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _print_json(rows: pa.Table) -> None:
    for row in rows.to_pylist():
        typer.echo(msgspec.json.encode(row).decode())


_PRINTERS = {Form.TABLE: _print_grid, Form.CSV: _print_csv, Form.JSON: _print_json}
