"""`fortnight attest` and `fortnight review`."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs import office
from jobs.cli.offices import By, RegionName, now, office_of, regions_of, tell
from jobs.cli.settings import settings
from jobs.office import assurances
from schemas.assurances import attestations, reviews
from schemas.errors import SettingsError
from schemas.policies import Policies
from schemas.regions import Region
from schemas.settings import Settings

app = typer.Typer()

Document = Annotated[
    Path | None, typer.Option(help="What was signed or written; only its SHA-256 is kept.")
]


@app.command()
def attest(
    clause: Annotated[
        str,
        typer.Argument(help="Such as 360-robot-vacuum/training; none: show what is signed for."),
    ] = "",
    *,
    document: Document = None,
    until: Annotated[datetime | None, typer.Option(help="The last day on which it counts.")] = None,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Sign for what no program can see, in each region's ledger; status 1 where nobody does."""
    chosen, policies = settings(), Policies.shipped()
    wheres = regions_of(chosen, region)
    if not clause:
        _end([_signed(chosen, where, policies, now().date()) for where in wheres])
        return
    data, last = _read(document), until.date() if until else None
    for where in wheres:
        officer = office_of(chosen, where, by)
        tell(assurances.attest(officer, clause, data, policies, last))


@app.command()
def review(
    what: Annotated[
        str, typer.Argument(help="Such as 'access list'; none: show what is due.")
    ] = "",
    *,
    document: Document = None,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Say what was looked through, in each region's ledger; status 1 where a review is late."""
    chosen, policies = settings(), Policies.shipped()
    wheres = regions_of(chosen, region)
    if not what:
        _end([_looked_through(chosen, where, policies, now()) for where in wheres])
        return
    data = _read(document)
    for where in wheres:
        tell(assurances.review(office_of(chosen, where, by), what, data, policies))


def _read(document: Path | None) -> bytes:
    if document is None:
        raise SettingsError("--document: which file was signed, or written?")
    try:
        return document.read_bytes()
    except OSError as error:
        raise SettingsError(f"--document: {error.strerror}") from None


def _signed(chosen: Settings, where: Region, policies: Policies, today: date) -> bool:
    """Show what is signed for in a region; whether all is."""
    known = attestations(office.open_ledger(chosen, where).entries())
    kept = True
    for name, asked in assurances.to_attest(policies).items():
        found = known.get(name)
        valid = found is not None and found.is_valid(today)
        said = f"until {found.until}, by {found.signer}" if found else "nobody signed"
        typer.echo(f"{where:<4} {name:<40} {said}{'' if valid else '  MISSING'}: {asked.document}")
        kept = kept and valid
    return kept


def _looked_through(chosen: Settings, where: Region, policies: Policies, at: datetime) -> bool:
    """Show what is to be looked through in a region; whether nothing is late."""
    entries = office.open_ledger(chosen, where).entries()
    since = entries[0].time if entries else None
    kept = True
    for due in assurances.plan(reviews(entries), since, policies):
        last = f"last {due.last.done:%Y-%m-%d}" if due.last else "never"
        until = f"due {due.until:%Y-%m-%d}" if due.until else "due once something was done"
        typer.echo(f"{where:<4} {due.what:<16} {last}, {until}{'  LATE' * due.is_late(at)}")
        kept = kept and not due.is_late(at)
    return kept


def _end(kept: list[bool]) -> None:
    if not all(kept):
        raise typer.Exit(1)
