"""`fortnight subject correct`."""

from typing import Annotated

import typer

from jobs.cli.offices import By, RegionName
from jobs.cli.subjects import From, Number, Whom, desk, group
from jobs.subjects.changes import CORRECTED, Registered, fields_of
from schemas.requests import Right

Set = Annotated[
    list[str],
    typer.Option("--set", metavar="FIELD=VALUE", help=f"What is right: {', '.join(CORRECTED)}."),
]


@group.command()
def correct(
    whom: Whom = "",
    *,
    settings: Set,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
) -> None:
    """Put a registration's fields right; it is published whole, and the old value is replaced.

    Tell the account service too: what it registers next replaces this.
    """
    fields = fields_of(settings)
    with desk(whom, file, number, rights=(Right.CORRECT,), region=region, by=by) as at:
        for done in Registered(at.cases, at.cluster, at.roll).correct(fields):
            typer.echo(done)
