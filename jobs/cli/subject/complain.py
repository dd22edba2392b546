"""`fortnight subject complain`."""

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.complain import complain as complain_
from schemas.requests import Right


@group.command()
def complain(
    whom: Whom = "", *, file: From = "", number: Number = "", region: RegionName = "", by: By = ""
) -> None:
    """Enter a complaint, and show which authority hears it and what has to be answered."""
    with desk(whom, file, number, rights=(Right.COMPLAIN,), region=region, by=by) as at:
        for case in at.cases:
            for line in complain_(case, at.roll):
                typer.echo(line)
