"""`fortnight bench-lake`."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typer

from jobs import lake_scale

app = typer.Typer()

_FIGURES = Path("build/figures/lake.json")


@app.command("bench-lake")
def bench_lake() -> None:
    """Open a log of 100,000 files and 50,000 versions, and plan on it; status 1 if it is slow."""
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    with tempfile.TemporaryDirectory() as folder:
        lake_scale.build(Path(folder), now)
        figures = lake_scale.measure(Path(folder), now)
    for name, number in figures.items():
        typer.echo(f"{name:32} {number:>15,.3f}")
    _FIGURES.parent.mkdir(parents=True, exist_ok=True)
    _FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    missed = lake_scale.misses(figures)
    for one in missed:
        typer.echo(one, err=True)
    if missed:
        raise typer.Exit(1)
