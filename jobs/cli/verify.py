"""`fortnight verify`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs.cli.settings import environment, settings
from jobs.verify import Scene, open_buckets
from jobs.verify import verify as prove
from jobs.verify.report.terminal import lines
from jobs.verify.sample import Sampling
from schemas.policies import Policies
from schemas.regions import Residency

app = typer.Typer()


@app.command()
def verify(
    *,
    region: Annotated[str, typer.Option(help="Only this region's buckets.")] = "",
    seed: Annotated[int, typer.Option(help="Draws the same sample again.")] = 0,
    deep: Annotated[bool, typer.Option("--deep", help="Open every file.")] = False,
) -> None:
    """Prove every clause of every policy against what is stored; status 1 where one is broken."""
    chosen = settings()
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    scene = Scene(
        settings=chosen,
        policies=Policies.shipped(chosen.default_policy),
        residency=Residency.shipped(),
        buckets=open_buckets(chosen, now, region),
        now=now,
        sampling=Sampling(seed, deep=deep),
        environment=environment(),
    )
    outcome = prove(scene, lambda what: typer.echo(f"... {what}", err=True))
    for line in lines(outcome):
        typer.echo(line)
    if outcome.broken:
        raise typer.Exit(1)
