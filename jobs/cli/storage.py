"""`fortnight storage`."""

from typing import Annotated

import typer

from jobs import storage_admin
from jobs.cli.settings import settings
from schemas.regions import Residency

app = typer.Typer()
_storage = typer.Typer(help="Buckets and tables: make them, and check that they keep the promises.")
app.add_typer(_storage, name="storage")


@_storage.command()
def init(
    *,
    versioned: Annotated[
        bool, typer.Option(help="Keep old versions; expiry and erasure delete every one.")
    ] = False,
) -> None:
    """Make buckets and tables, and set what they must be; safe to run again."""
    chosen = settings()
    wanted = storage_admin.plan(chosen, Residency.shipped())
    for made in storage_admin.carry_out(wanted, chosen, versioned=versioned):
        typer.echo(made)


@_storage.command()
def check() -> None:
    """Say what about buckets and tables breaks a promise; status 1 if anything does."""
    chosen = settings()
    wanted = storage_admin.plan(chosen, Residency.shipped())
    found = storage_admin.inspect(wanted, chosen)
    for breach in found:
        typer.echo(breach)
    if any(breach.certain for breach in found):
        raise typer.Exit(1)
    typer.echo(f"{len(wanted)} buckets are as they have to be")
