"""`fortnight bench-watch`."""

import json
from pathlib import Path

import typer

from jobs import watch_scale
from jobs.cli.settings import environment
from jobs.demo.jars import default_cache

app = typer.Typer()

_FIGURES = Path("build/figures/watch.json")


@app.command("bench-watch")
def bench_watch() -> None:
    """Time a look at 250, 500 and 1,000 partitions of a real Kafka; status 1 if it is slow."""
    figures = watch_scale.measure(default_cache(environment()))
    for name, number in figures.items():
        typer.echo(f"{name:40} {number:>12,.3f}")
    _FIGURES.parent.mkdir(parents=True, exist_ok=True)
    _FIGURES.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    missed = watch_scale.misses(figures)
    for one in missed:
        typer.echo(one, err=True)
    if missed:
        raise typer.Exit(1)
