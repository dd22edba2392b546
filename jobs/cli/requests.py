"""`fortnight requests`."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from jobs import office
from jobs.cli.offices import By, RegionName, now, office_of, region_of, regions_of, tell
from jobs.cli.settings import settings
from jobs.office import requests
from jobs.subjects.subject import Named
from schemas.requests import Refusal, Request, Right, register

app = typer.Typer()
_requests = typer.Typer(
    help="The register of subjects' requests: received, due, answered, refused."
)
app.add_typer(_requests, name="requests")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Yours, such as R-2026-17: no name.")]
Subject = Annotated[
    str,
    typer.Option(
        help="Whom it is about: device:ID or account:ID; -: read from stdin. Only a tag is kept."
    ),
]


@_requests.command("list")
def list_(
    *,
    region: RegionName = "",
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Show what waits for an answer, and until when; status 1 where an answer is late."""
    chosen, today = settings(), now().date()
    known = [
        (where, one)
        for where in regions_of(chosen, region)
        for one in register(office.open_ledger(chosen, where).entries()).values()
    ]
    for where, one in known:
        if everything or one.closed is None or one.is_late(today):
            typer.echo(f"{where:<4} {_line(one, late=one.is_late(today))}")
    waiting = sum(one.closed is None for _, one in known)
    late = sum(one.is_late(today) for _, one in known)
    typer.echo(f"{waiting} requests wait for an answer; {late} answers are late")
    if late:
        raise typer.Exit(1)


@_requests.command("open")
def open_(
    number: Number,
    *,
    right: Annotated[Right, typer.Option(help="What is asked for.")],
    received: Annotated[datetime | None, typer.Option(help="The day it came; today.")] = None,
    subject: Subject = "",
    region: RegionName = "",
    by: By = "",
) -> None:
    """Enter a request that came in; an answer is due within a month."""
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    day = (received or officer.now).date()
    request = Request(number, right, day, _tag(officer, subject))
    tell(requests.receive(officer, request))
    typer.echo(f"{number}: due on {request.due}")


@_requests.command()
def answer(number: Number, *, region: RegionName = "", by: By = "") -> None:
    """Close a request that was answered."""
    chosen = settings()
    tell(requests.answer(office_of(chosen, region_of(chosen, region), by), number))


@_requests.command()
def refuse(
    number: Number,
    *,
    ground: Annotated[Refusal, typer.Option(help="On which ground.")],
    region: RegionName = "",
    by: By = "",
) -> None:
    """Close a request that was refused, and tell the subject why and where to complain."""
    chosen = settings()
    tell(requests.refuse(office_of(chosen, region_of(chosen, region), by), number, ground))


@_requests.command()
def extend(number: Number, *, region: RegionName = "", by: By = "") -> None:
    """Take two more months, for it is complex; tell the subject within the first."""
    chosen = settings()
    tell(requests.extend(office_of(chosen, region_of(chosen, region), by), number))


def _tag(officer: office.Office, subject: str) -> str:
    if not subject:
        return ""
    given = sys.stdin.readline() if subject == "-" else subject
    named = Named.parse(given)
    return officer.key.tag(named.kind, named.name)


def _line(one: Request, *, late: bool) -> str:
    state = f"refused: {one.refused}" if one.refused else "answered" if one.closed else "open"
    closed = f" {one.closed}" if one.closed else ""
    return (
        f"{one.number:<14} {one.right:<9} received {one.received}  due {one.due}  "
        f"{state}{closed}  {one.subject or '-'}{'  LATE' if late else ''}"
    )
