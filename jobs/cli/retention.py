"""`fortnight expire` and `fortnight sweep`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import typer

from jobs import expire as expiry
from jobs import sweep as sweeping
from jobs.cli.rounds import DryRun, Every, Part, run
from jobs.cli.settings import environment, settings
from jobs.holds.open import keep_of, keepers
from schemas.errors import SettingsError
from schemas.settings import Settings
from storage.aside import open_restricted
from storage.lake import Destination
from storage.links import expire_links
from storage.places import open_lake, open_stores
from storage.store import ObjectStore
from storage.watches import expire_watches

app = typer.Typer()

_RUN = timedelta(minutes=1)
"""What a run may take, so that it is over within `expiry.PERIOD` of the start before."""


@app.command("expire")
def expire(*, dry_run: DryRun = False, every: Every = 0) -> None:
    """Drop and delete what must be gone before the next run; status 1 if something outlived it."""
    chosen = settings()
    if every > expiry.PERIOD.total_seconds():
        raise SettingsError(f"--every: at most {expiry.PERIOD.total_seconds():.0f} seconds")
    pace = min(every, (expiry.PERIOD - _RUN).total_seconds())
    run(lambda: _expire(chosen, dry_run=dry_run), pace)


@app.command("sweep")
def sweep(*, dry_run: DryRun = False, every: Every = 0) -> None:
    """Delete orphans: files that no log entry names, once they are old enough."""
    chosen = settings()
    run(lambda: _sweep(chosen, dry_run=dry_run), every)


def _expire(chosen: Settings, *, dry_run: bool) -> Iterator[Part]:
    stores = open_stores(chosen)
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    holds = keepers(chosen, environment())
    for destination in (*open_lake(stores, chosen).values(), *open_restricted(chosen)):
        region = destination.region
        keep = keep_of(region, stores[region], holds.get(region))
        if dry_run:
            yield partial(_plan_expiry, destination, now, keep)
        else:
            yield partial(_expire_one, destination, now, keep)
    if not dry_run:
        for store in stores.values():
            yield partial(_expire_links, store, now + expiry.PERIOD)
            yield partial(_expire_watches, store, now + expiry.PERIOD)
            yield partial(_abort, store, now - chosen.upload_age)


def _plan_expiry(destination: Destination, now: datetime, keep: expiry.Keep) -> bool:
    keep(destination, ())  # refuses what a run would refuse
    decided, inventory = expiry.look(destination, now)
    for file in decided.drop:
        size = f"{file.rows} rows, {file.size} bytes"
        typer.echo(f"{destination}: drop {file.path} ({size}): its hour comes before the next run")
    for path in decided.left_over:
        typer.echo(f"{destination}: delete {path}: its hour comes, and the table has it not")
    for stray in inventory.strays:
        typer.echo(f"{destination}: {stray}: nobody knows when it must be gone")
    if not decided.delete:
        typer.echo(f"{destination}: nothing is due")
    return True


def _expire_one(destination: Destination, now: datetime, keep: expiry.Keep) -> bool:
    report = expiry.expire(destination, now, keep)
    left = "no row is left"
    if report.oldest:
        left = (
            f"the oldest row is of {report.oldest.time:%Y-%m-%d %H:%M}, "
            f"{_age(now - report.oldest.time)} old, gone by {report.oldest.expires:%Y-%m-%d %H:%M}"
        )
    rows = sum(file.rows for file in report.plan.drop)
    deleted = len(report.plan.delete)
    typer.echo(
        f"{destination}: dropped {report.dropped} files ({rows} rows), deleted {deleted}; {left}"
    )
    if report.held:
        typer.echo(f"{destination}: copied {report.held} held rows before")
    breaches = report.breaches(now)
    for breach in breaches:
        typer.echo(f"{destination}: BROKEN: {breach}", err=True)
    return not breaches


def _expire_links(store: ObjectStore, until: datetime) -> bool:
    if gone := expire_links(store, until):
        typer.echo(f"{store.url}: deleted {gone} links between versions of a key")
    return True


def _expire_watches(store: ObjectStore, until: datetime) -> bool:
    if gone := expire_watches(store, until):
        typer.echo(f"{store.url}: deleted {gone} watch entries of erasures")
    return True


def _abort(store: ObjectStore, before: datetime) -> bool:
    if aborted := store.abort_uploads(before):
        typer.echo(f"{store.url}: aborted {aborted} unfinished uploads")
    return True


def _sweep(chosen: Settings, *, dry_run: bool) -> Iterator[Part]:
    lake = open_lake(open_stores(chosen), chosen)
    for destination in (*lake.values(), *open_restricted(chosen)):
        yield partial(_sweep_one, destination, chosen.orphan_age, dry_run=dry_run)


def _sweep_one(destination: Destination, age: timedelta, *, dry_run: bool) -> bool:
    now = sweeping.clock_of(destination.store)
    do = sweeping.look if dry_run else sweeping.sweep
    orphans = do(destination, age=age, now=now)
    verb = "delete" if dry_run else "deleted"
    for orphan in orphans:
        old = _age(now - orphan.info.modified)
        what = f"{orphan.path} ({orphan.info.size} bytes, {old} old)"
        typer.echo(f"{destination}: {verb} {what}: {orphan.why}")
    if not orphans:
        typer.echo(f"{destination}: no orphans")
    return True


def _age(age: timedelta) -> str:
    hours, rest = divmod(int(age.total_seconds()), 3600)
    return f"{hours // 24} d {hours % 24} h {rest // 60} min"
