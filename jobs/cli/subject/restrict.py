"""`fortnight subject restrict`."""

from typing import Annotated

import typer

from jobs.cli.desk import Desk, From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.inputs import KafkaInputs
from jobs.subjects.restrict import Restricted, Restricter
from jobs.subjects.waiting import insist, say_places
from schemas.errors import SettingsError
from schemas.requests import Right

Lift = Annotated[bool, typer.Option("--lift", help="Bring back what is not due, the rest goes.")]
Preserve = Annotated[
    bool, typer.Option("--preserve", help="What is put aside does not expire until it is lifted.")
]


@group.command()
def restrict(  # noqa: PLR0913 - a command has as many as it has options
    whom: Whom = "",
    *,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
    lift: Lift = False,
    preserve: Preserve = False,
) -> None:
    """Put a subject's rows where no analyst reaches them, and store no new ones.

    Pending, with status 75, as long as something that came before is on its way: the same command
    again goes on.
    """
    if lift and preserve:
        raise SettingsError("--lift, --preserve: one of them")
    with desk(whom, file, number, rights=(Right.RESTRICT,), region=region, by=by) as at:
        work = _restricter(at)
        done = work.lift(at.cases) if lift else work.restrict(at.cases, preserved=preserve)
    for one in done:
        typer.echo(_lifted(one) if lift else _restricted(one))
    insist(sum(not one.is_complete for one in done))


def _restricter(at: Desk) -> Restricter:
    estate = at.estate()
    return Restricter(at.office.region, estate, KafkaInputs(at.cluster, at.roll), at.keyring())


def _restricted(one: Restricted) -> str:
    what = f"{one.case.request.number}: {one.rows} rows put aside"
    return f"{what}; complete" if one.is_complete else f"{what}; pending: {say_places(one.waiting)}"


def _lifted(one: Restricted) -> str:
    what = f"{one.case.request.number}: {one.rows} rows came back, or went where they were due"
    if not one.erased:
        return what
    return (
        f"{what}; {one.erased} devices are erased, and their rows do not come back: "
        "`fortnight subject erase` again takes them away"
    )
