"""What is measured is kept as numbers: `build/figures/<suite>.json`, name -> number."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

FOLDER = Path("build/figures")
"""Relative to the repository."""


def keep(figures: Mapping[str, float], file: Path) -> None:
    """Write a suite's figures, and say where."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    typer.echo(f"written to {file}")


def add(figures: Mapping[str, float], file: Path) -> None:
    """Write figures beside those of the suite that were measured elsewhere."""
    known = json.loads(file.read_text("utf-8")) if file.exists() else {}
    keep({**known, **figures}, file)


def show(figures: Mapping[str, float]) -> None:
    """Print them, a line each."""
    for name, number in figures.items():
        typer.echo(f"{name:40} {number:>15,.3f}")


def insist(missed: Sequence[str]) -> None:
    """Say what was wanted and not reached, if anything.

    Raises:
        typer.Exit: Something was; with status 1.
    """
    for one in missed:
        typer.echo(one, err=True)
    if missed:
        raise typer.Exit(1)
