"""`fortnight bench-erase`."""

import tempfile
from pathlib import Path

import typer

from jobs import erase_cost
from jobs.cli.figures import FOLDER, insist, keep
from jobs.cli.offices import now
from storage.directory import DirectoryStore

app = typer.Typer()


@app.command("bench-erase")
def bench_erase() -> None:
    """Erase devices that are in 1, 20 and 1,000 of 1,000 files: requests, and bytes.

    Status 1 if more than a tenth of the table is read for 20 files.
    """
    scale = erase_cost.Scale()
    with tempfile.TemporaryDirectory() as folder:
        figures = erase_cost.measure(DirectoryStore(Path(folder)), scale, now())
    typer.echo(erase_cost.table(figures, scale))
    keep(figures, FOLDER / "erase.json")
    insist(erase_cost.misses(figures))
