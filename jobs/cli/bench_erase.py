"""`fortnight bench-erase`."""

import tempfile
from pathlib import Path

import typer

from jobs.cli.figures import FOLDER, insist, keep
from jobs.cli.offices import now
from jobs.costs import erasure
from storage.directory import DirectoryStore

app = typer.Typer()


@app.command("bench-erase")
def bench_erase() -> None:
    """Erase devices that are in 1, 20 and 1,000 of 1,000 files: requests, and bytes.

    Status 1 if more than a tenth of the table is read for 20 files.
    """
    scale = erasure.Scale()
    with tempfile.TemporaryDirectory() as folder:
        figures = erasure.measure(DirectoryStore(Path(folder)), scale, now())
    typer.echo(erasure.table(figures, scale))
    keep(figures, FOLDER / "erase.json")
    insist(erasure.misses(figures))
