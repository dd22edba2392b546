"""`fortnight subject stop`."""

from typing import Annotated

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.stop import stop as stop_
from schemas.requests import Right

Lift = Annotated[bool, typer.Option("--lift", help="Store their records again from now on.")]


@group.command()
def stop(
    whom: Whom = "",
    *,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
    lift: Lift = False,
) -> None:
    """Store no new record of a subject; what is stored stays until its fortnight is over."""
    with desk(whom, file, number, rights=(Right.STOP,), region=region, by=by) as at:
        for done in stop_(at.cases, at.cluster, at.roll, lift=lift):
            typer.echo(done)
