"""`fortnight hold`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from jobs import keys, office
from jobs.cli.desk import From, Whom, desk
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import (
    By,
    RegionName,
    RequestNumber,
    now,
    office_of,
    region_of,
    regions_of,
    tell,
)
from jobs.cli.settings import environment, settings
from jobs.holds import placing, tidying
from jobs.holds.grounds import check_ground
from jobs.holds.listing import HoldState, Shelf, examine, states
from jobs.holds.open import hold_bucket
from jobs.kafka import Cluster
from jobs.subjects.marks import put_marks
from jobs.subjects.roll import Roll, read
from schemas.acts import Ground
from schemas.errors import SettingsError
from schemas.policies import Policies
from schemas.regions import Region
from schemas.requests import Right
from schemas.settings import Settings
from schemas.tables import STREAMED
from storage.places import open_stores
from storage.wrapping import wrapping_of

app = typer.Typer()
_hold = typer.Typer(help="Legal holds: rows of a case that are kept although they are due.")
app.add_typer(_hold, name="hold")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Yours, such as H-2026-3: no person's.")]
Tables = Annotated[list[str] | None, typer.Option(help="Only of this one; again for more.")]
Review = Annotated[datetime | None, typer.Option(help="By when somebody looks at it again.")]


@_hold.command()
def place(  # noqa: PLR0913 - a command's options
    name: Name,
    whom: Whom = "",
    *,
    file: From = "",
    ground: Annotated[str, typer.Option(help="As the makers' policies call it: dispute.")],
    review: Annotated[datetime, typer.Option(help="By when somebody looks at it again.")],
    request: RequestNumber,
    table: Tables = None,
    since: Annotated[datetime | None, typer.Option(help="Only rows from then on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only rows of before, UTC.")] = None,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Keep rows of subjects, those to come included, until the hold is released; two persons do it.

    The first call proposes it; once somebody else has said `fortnight approve`, the same call again
    places it. From then on `expire` copies what is due before it drops it.
    """
    with desk(whom, file, request, rights=(Right.ORDER,), region=region, by=by) as at:
        subjects = [case.subject for case in at.cases]
        devices = {device for subject in subjects for device in subject.devices}
        policies = Policies.shipped(at.chosen.default_policy)
        check_ground(ground, [at.roll.of(one) for one in devices], policies)
        wanted = placing.Wanted(
            name=name,
            ground=ground,
            review=review.date(),
            tables=_tables(table),
            since=_utc(since),
            until=_utc(until),
            tag=" ".join(sorted({subject.tag for subject in subjects})),
            devices=tuple(sorted(devices)),
        )
        cabinet = _cabinet(at.chosen, at.office.region, at.cluster)
        _say(placing.place(at.office, wanted, request, cabinet=cabinet, keyring=at.keyring()))


@_hold.command("list")
def list_(*, region: RegionName = "") -> None:
    """Show every hold; status 1 where a review is overdue, or one was left half-way."""
    chosen, wrong = settings(), False
    buckets = open_stores(chosen, chosen.holds)
    for where in regions_of(chosen, region):
        entries = office.open_ledger(chosen, where).entries()
        shelf = Shelf.look(buckets[where]) if where in buckets else Shelf()
        for state in states(entries, shelf, now()):
            typer.echo(_line(where, state))
            wrong = wrong or bool(state.wrong)
    if wrong:
        raise typer.Exit(1)


@_hold.command()
def check(name: Name, *, region: RegionName = "") -> None:
    """Compare a hold's copies with their manifests; status 1 where one is not whole."""
    chosen = settings()
    where = region_of(chosen, region)
    found = examine(hold_bucket(chosen, where), name)
    for wrong in found.wrong:
        typer.echo(f"BROKEN: {wrong}", err=True)
    typer.echo(f"{where} {name}: {found.rows} rows were due and are kept")
    if found.wrong:
        raise typer.Exit(1)


@_hold.command()
def extend(name: Name, *, review: Review = None, region: RegionName = "", by: By = "") -> None:
    """Have a hold know its rows under versions of the key that are new, and set its next review."""
    with _at_work(region, by) as (officer, chosen, cluster, roll):
        cabinet = _cabinet(chosen, officer.region, cluster)
        keyring = keys.read(Path(chosen.keyring), cabinet.wrapping, [officer.region])
        day = review.date() if review else None
        tell(placing.extend(officer, name, roll, cabinet=cabinet, keyring=keyring, review=day))


@_hold.command()
def release(
    name: Name,
    *,
    request: RequestNumber,
    why: Annotated[Ground, typer.Option(help="On which ground.")] = Ground.ORDER,
    region: RegionName = "",
    by: By = "",
) -> None:
    """End a hold: its copies are deleted, and what was due happens; two persons do it."""
    with _at_work(region, by) as (officer, chosen, cluster, roll):
        cabinet = _cabinet(chosen, officer.region, cluster)
        _say(placing.release(officer, name, request, cabinet=cabinet, roll=roll, why=why))


@_hold.command()
def tidy(*, region: RegionName = "", by: By = "") -> None:
    """Delete what is left of a hold that was released while somebody copied or extended it."""
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    rows = open_stores(chosen)[officer.region]
    for recorded in tidying.tidy(officer, hold_bucket(chosen, officer.region), rows):
        act = recorded.entry.act
        typer.echo(f"{act.scope['hold']}: deleted {act.changed['objects']} objects")
        tell(recorded)


@contextmanager
def _at_work(region: str, by: str) -> Iterator[tuple[office.Office, Settings, Cluster, Roll]]:
    """An officer, and what is marked."""
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    with cluster_of(chosen) as cluster:
        yield officer, chosen, cluster, read(cluster, lambda _: False)


def _cabinet(chosen: Settings, region: Region, cluster: Cluster) -> placing.Cabinet:
    return placing.Cabinet(
        hold_bucket(chosen, region),
        open_stores(chosen)[region],
        wrapping_of(chosen, environment()),
        partial(put_marks, cluster),
    )


def _tables(names: list[str] | None) -> tuple[str, ...]:
    of_robots = [table.name for table in STREAMED.values()]
    if unknown := sorted({*(names or ())} - {*of_robots}):
        raise SettingsError(f"--table: {unknown[0]}: there are {', '.join(of_robots)}")
    return tuple(name for name in of_robots if not names or name in names)


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _say(outcome: placing.Outcome) -> None:
    if outcome.recorded is None:
        typer.echo(str(outcome.standing))
    else:
        tell(outcome.recorded)


def _line(region: Region, state: HoldState) -> str:
    hold = state.hold
    known = ""
    if hold:
        review = hold.review.isoformat() if hold.review else "-"
        known = f"  {hold.ground or '-'}, since {hold.placed:%Y-%m-%d}, review by {review}"
    wrong = f"  WRONG: {state.wrong}" if state.wrong else ""
    return f"{region:<4} {state.name:<14} {state.state}{known}{wrong}"
