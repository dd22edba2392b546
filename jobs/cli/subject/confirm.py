"""`fortnight subject confirm`."""

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.confirm import Confirmed, Searcher
from schemas.requests import Right

_RIGHTS = (Right.CONFIRM, Right.ACCESS)


@group.command()
def confirm(
    whom: Whom = "", *, file: From = "", number: Number = "", region: RegionName = "", by: By = ""
) -> None:
    """Say whether anything of a subject is stored, and where; nothing is changed."""
    with desk(whom, file, number, rights=_RIGHTS, region=region, by=by) as at:
        estate = at.estate()
        searcher = Searcher(estate, at.roll, at.keyring())
        for case in at.cases:
            for line in _lines(searcher.confirm(case)):
                typer.echo(line)


def _lines(found: Confirmed) -> list[str]:
    total = len(found.case.subject.devices)
    yes = "something is" if found.is_anything else "nothing is"
    return [
        f"{found.case.request.number}: {yes} stored; {found.files} files were looked at",
        f"  devices: {total}, of which {found.registered} are registered",
        *(f"  {place}: {rows} rows" for place, rows in sorted(found.rows.items())),
    ]
