"""`fortnight bench-compact`."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import typer

from jobs import compact_gain

app = typer.Typer()

_FIGURES = Path("build/figures/compact.json")


@app.command("bench-compact")
def bench_compact() -> None:
    """Compact an hour of a fleet: objects, bytes and analysts' questions, before and after."""
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    with tempfile.TemporaryDirectory() as folder:
        figures = compact_gain.measure_on_s3(Path(folder), compact_gain.Scale(), now)
    typer.echo(compact_gain.table(figures))
    typer.echo(f"\ncompacted in {figures['compact_seconds']:.1f} s")
    _FIGURES.parent.mkdir(parents=True, exist_ok=True)
    _FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    typer.echo(f"written to {_FIGURES}")
