"""`fortnight subject pseudonym`."""

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.confirm import pseudonyms_of
from schemas.requests import Right


@group.command()
def pseudonym(
    whom: Whom = "", *, file: From = "", number: Number = "", region: RegionName = "", by: By = ""
) -> None:
    """Show a subject's pseudonyms under every live version of the region's key, device by device.

    Whoever has them can tell the subject's rows: give them to nobody who need not.
    """
    with desk(whom, file, number, rights=tuple(Right), region=region, by=by) as at:
        keyring = at.keyring()
        for case in at.cases:
            for place, name in pseudonyms_of(case, keyring):
                typer.echo(f"{case.request.number}  device {place}  {name}")
