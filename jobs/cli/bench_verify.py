"""`fortnight bench-verify`."""

from typing import Annotated

import typer

from jobs.cli.figures import FOLDER, insist, keep, show
from jobs.cli.offices import now
from jobs.costs import verifying

app = typer.Typer()


@app.command("bench-verify")
def bench_verify(
    *,
    small: Annotated[bool, typer.Option("--small", help="Of 600 files: whether it works.")] = False,
) -> None:
    """Verify 100,000 files without --deep: seconds and memory; status 1 if it takes too much."""
    figures = verifying.measure(verifying.SMALL if small else verifying.Scale(), now())
    show(figures)
    typer.echo(verifying.table(figures))
    keep(figures, FOLDER / "verify.json")
    insist(verifying.misses(figures))
