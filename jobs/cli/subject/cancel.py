"""`fortnight subject cancel`."""

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.erase import erase_all
from jobs.cli.subject.group import group
from jobs.subjects.changes import Registered
from schemas.requests import Right


@group.command()
def cancel(
    whom: Whom = "", *, file: From = "", number: Number = "", region: RegionName = "", by: By = ""
) -> None:
    """Cancel a subject's registrations, and erase its rows as `fortnight subject erase` does.

    Tell the account service first: what it registers next is a new registration.
    """
    with desk(whom, file, number, rights=(Right.CANCEL,), region=region, by=by) as at:
        for line in Registered(at.cases, at.cluster, at.roll).cancel():
            typer.echo(line)
        erase_all(at)
