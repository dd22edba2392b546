"""`python -m jobs.bench`: measure, print, and write the numbers.

A process of its own, which `fortnight bench` becomes: it keeps itself off a core, and its
environment holds credentials for all that it starts.
"""

import os
import signal
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from jobs.bench import report
from jobs.bench.suite import QUICK, Scale, Suite


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", "--small", help="One short round.")] = False,
    rounds: Annotated[int, typer.Option(min=0, help="Rounds; the median counts.")] = 0,
    records: Annotated[int, typer.Option(min=0, help="Readings of a run.")] = 0,
    check: Annotated[bool, typer.Option("--check", help="Status 1 if a bar is missed.")] = False,
    output: Annotated[Path, typer.Option(help="Where the numbers go.")] = report.FIGURES,
) -> None:
    """Measure the worker beside a stock Faust agent and a plain loop, one core each."""
    scale = QUICK if quick else Scale()
    scale = replace(scale, rounds=rounds or scale.rounds, records=records or scale.records)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # stop the parts
    environment = os.environ  # noqa: TID251 - handed to every program that is started
    console = Console(log_path=False)
    with tempfile.TemporaryDirectory(prefix="fortnight-bench-") as folder:
        now = datetime.now(UTC)  # noqa: TID251 - where a clock is handed in
        suite = Suite(scale, Path(folder), environment, now, console.log)
        results = suite.run()
    numbers = report.numbers(results)
    report.write(numbers, output)
    report.show(results, numbers, console)
    console.print(f"numbers: {output}")
    if check and not all(bar.is_reached for bar in report.bars(numbers)):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
