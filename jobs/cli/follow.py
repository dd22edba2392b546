"""`fortnight follow`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import typer

from jobs import keys
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import By, RegionName, now, office_of, regions_of
from jobs.cli.rounds import DryRun, Every, Part, run
from jobs.cli.settings import environment, settings
from jobs.holds.listing import Shelf, left_behind
from jobs.holds.open import see_that_it_copies
from jobs.holds.tidying import tidy
from jobs.office import Office
from jobs.subjects.estate import Estate
from jobs.subjects.follow import Due, Follower, concerns, plan
from jobs.subjects.roll import Roll, read
from jobs.subjects.subject import names
from schemas.policies import Policies
from schemas.regions import Region
from schemas.settings import Settings
from storage.places import open_stores
from storage.wrapping import wrapping_of

app = typer.Typer()


@app.command()
def follow(
    *, region: RegionName = "", by: By = "", dry_run: DryRun = False, every: Every = 0
) -> None:
    """Erase what registrations no longer allow: cancelled, bound anew, consent taken back.

    Copies that nobody holds any more go too, as by `fortnight hold tidy`. Safe to repeat, to kill,
    and to run beside anything; each deed is told in the region's ledger.
    """
    chosen = settings()
    where = regions_of(chosen, region)
    run(lambda: _follow(chosen, where, by, dry_run=dry_run), every)


def _follow(chosen: Settings, regions: list[Region], by: str, *, dry_run: bool) -> Iterator[Part]:
    """One pass over the registrations, then each region."""
    with cluster_of(chosen) as cluster:
        roll = read(cluster, concerns(now()))
    for region in regions:
        yield partial(_follow_in, chosen, region, roll, by, dry_run=dry_run)


def _follow_in(chosen: Settings, region: Region, roll: Roll, by: str, *, dry_run: bool) -> bool:
    officer = office_of(chosen, region, by)
    _tidy(chosen, officer, dry_run=dry_run)
    see_that_it_copies(chosen, region, officer.ledger.entries())
    estate = Estate.open(chosen, environment(), region, now, make=not dry_run)
    follower = Follower(officer, estate)
    found = _plan(chosen, region, roll)
    rows = [_look(follower, due) if dry_run else _take(follower, due) for due in found]
    if not any(rows):
        typer.echo(f"{region}: nothing follows from what registrations say")
    return True


def _tidy(chosen: Settings, officer: Office, *, dry_run: bool) -> None:
    bucket = open_stores(chosen, chosen.holds).get(officer.region)
    if bucket is None:
        return
    if dry_run:
        for name in left_behind(officer.ledger.entries(), Shelf.look(bucket)):
            typer.echo(f"{officer.region}: copies of {name} go: nobody holds them any more")
        return
    for recorded in tidy(officer, bucket, open_stores(chosen)[officer.region]):
        act = recorded.entry.act
        gone = f"{act.changed['objects']} objects of {act.scope['hold']}"
        typer.echo(f"{officer.region}: {gone} deleted: nobody holds them any more")


def _plan(chosen: Settings, region: Region, roll: Roll) -> list[Due]:
    wrapping = wrapping_of(chosen, environment())
    keyring = keys.read(Path(chosen.keyring), wrapping, [region])
    mine = partial(names, keyring=keyring, region=region)
    return plan(roll, mine, Policies.shipped(chosen.default_policy), now())


def _look(follower: Follower, due: Due) -> int:
    rows = 0
    for destination, found in follower.look(due):
        files = len(found.files)
        typer.echo(f"{destination}: {found.rows} {due.what} in {files} files go: {due.why}")
        rows += found.rows
    return rows


def _take(follower: Follower, due: Due) -> int:
    rows = follower.follow(due)
    if rows:
        where = f"{follower.office.region}: {due.table.name}"
        typer.echo(f"{where}: {rows} {due.what} erased: {due.why}")
    return rows
