"""`fortnight bench-lake`."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typer

from jobs.cli.figures import FOLDER, insist, keep, show
from jobs.costs import lake

app = typer.Typer()


@app.command("bench-lake")
def bench_lake() -> None:
    """Open a log of 100,000 files and 50,000 versions, and plan on it; status 1 if it is slow."""
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    with tempfile.TemporaryDirectory() as folder:
        lake.build(Path(folder), now)
        figures = lake.measure(Path(folder), now)
    show(figures)
    keep(figures, FOLDER / "lake.json")
    insist(lake.misses(figures))
