"""`fortnight subject correct`."""

from collections.abc import Iterator
from typing import Annotated

import typer

from jobs.cli.desk import Desk, From, Number, Whom, desk
from jobs.cli.offices import By, RegionName, now
from jobs.cli.subject.group import group
from jobs.subjects.changes import CORRECTED, Registered, fields_of
from jobs.subjects.cleanings import COLUMNS, Cleanings, Correction
from jobs.subjects.subject import names
from schemas.policies import Policies
from schemas.requests import Right

Set = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help=f"What is right, of a registration: {', '.join(CORRECTED)}; "
        f"of a cleaning: {', '.join(COLUMNS)}.",
    ),
]
Cleaning = Annotated[
    str,
    typer.Option(
        metavar="SESSION", help="A stored cleaning of theirs, by its session's pseudonym."
    ),
]


@group.command()
def correct(  # noqa: PLR0913 - a command's options
    whom: Whom = "",
    *,
    settings: Set,
    cleaning: Cleaning = "",
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
) -> None:
    """Put a registration's fields right; it is published whole, and the old value is replaced.

    Tell the account service too: what it registers next replaces this. With --cleaning: entries of
    a stored cleaning; the old value is in no version of any file afterwards.
    """
    wanted = Correction.parse(cleaning, settings) if cleaning else None
    fields = {} if wanted else fields_of(settings)
    with desk(whom, file, number, rights=(Right.CORRECT,), region=region, by=by) as at:
        if wanted:
            done = _correct_cleaning(at, wanted)
        else:
            done = Registered(at.cases, at.cluster, at.roll).correct(fields)
        for line in done:
            typer.echo(line)


def _correct_cleaning(at: Desk, wanted: Correction) -> Iterator[str]:
    estate = at.estate()
    cleanings = Cleanings(estate.places, estate.keeper, now)
    keyring, policies = at.keyring(), Policies.shipped(at.chosen.default_policy)
    for case in at.cases:
        mine = names(case.subject.devices, keyring, at.office.region)
        yield cleanings.correct(case, mine, wanted, policies)
