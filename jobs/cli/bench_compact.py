"""`fortnight bench-compact`."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typer

from jobs.cli.figures import FOLDER, keep
from jobs.costs import compaction

app = typer.Typer()


@app.command("bench-compact")
def bench_compact() -> None:
    """Compact an hour of a fleet: objects, bytes and analysts' questions, before and after."""
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    with tempfile.TemporaryDirectory() as folder:
        figures = compaction.measure_on_s3(Path(folder), compaction.Scale(), now)
    typer.echo(compaction.table(figures))
    typer.echo(f"\ncompacted in {figures['compact_seconds']:.1f} s")
    keep(figures, FOLDER / "compact.json")
