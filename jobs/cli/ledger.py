"""`fortnight ledger` and `fortnight approve`."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from jobs import keys, office
from jobs.cli.offices import By, RegionName, now, office_of, region_of, regions_of, tell
from jobs.cli.settings import environment, settings
from jobs.office import bookkeeping
from schemas.approvals import LAPSES, Proposal, approval_of, proposals
from schemas.errors import SettingsError
from schemas.keyring import Key
from schemas.ledger import Entry
from schemas.regions import Region
from schemas.settings import Settings

app = typer.Typer()
_ledger = typer.Typer(help="What officers did: a signed, chained, anchored ledger a region.")
app.add_typer(_ledger, name="ledger")


@_ledger.command()
def new() -> None:
    """Make the ledgers' keys; keys that are there are never written over."""
    chosen = settings()
    if not office.make_keys(chosen, environment()):
        raise SettingsError(f"{office.key_file(chosen)}: there are keys already, and they stay")
    typer.echo(f"{office.key_file(chosen)}: made")


@_ledger.command()
def public_keys() -> None:
    """Print a file of the public keys alone: FORTNIGHT_LEDGER_KEY of an auditor."""
    typer.echo(office.public_keys(settings()))


@_ledger.command()
def verify(*, region: RegionName = "") -> None:
    """Prove each ledger; status 1 where it was tampered with, or an approval or answer is missing.

    It takes no secret.
    """
    chosen, kept = settings(), True
    for where in regions_of(chosen, region):
        ledger = office.open_ledger(chosen, where)
        found = bookkeeping.examine(ledger, _keys_of(chosen, where), now())
        _show_proof(where, found)
        kept = kept and not found.broken
    if not kept:
        raise typer.Exit(1)


@_ledger.command()
def report(
    *,
    region: RegionName = "",
    since: Annotated[datetime | None, typer.Option(help="Only from then on, UTC.")] = None,
) -> None:
    """Show who did what, when, why and for whom, as the ledgers tell it."""
    chosen = settings()
    for where in regions_of(chosen, region):
        for entry in office.open_ledger(chosen, where).entries():
            if since is None or entry.time.replace(tzinfo=None) >= since:
                _show_entry(entry)


@_ledger.command()
def anchor(*, region: RegionName = "") -> None:
    """Anchor each ledger's newest entry in the other store."""
    chosen = settings()
    for where in regions_of(chosen, region):
        officer = office_of(chosen, where)
        number = officer.ledger.anchor(officer.key)
        typer.echo(f"ledger of {where}: anchored up to entry {number}" if number >= 0 else "empty")


@app.command()
def approve(
    digest: Annotated[str, typer.Argument(help="What was proposed; empty: show what waits.")] = "",
    *,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Approve, as a second person, what somebody else proposed; or show what waits."""
    chosen = settings()
    if not digest:
        for where in regions_of(chosen, region):
            for one in proposals(office.open_ledger(chosen, where).entries()).values():
                _show_proposal(one, now())
        return
    officer = office_of(chosen, region_of(chosen, region), by)
    waiting = _named(digest, proposals(officer.ledger.entries()))
    tell(officer.record(approval_of(waiting, officer.caller, officer.now)))


def _named(digest: str, waiting: dict[str, Proposal]) -> Proposal:
    found = [one for one in waiting.values() if one.digest.startswith(digest)]
    if len(found) != 1:
        raise SettingsError(
            "approve: no proposal, or more than one, begins so: `fortnight approve`"
        )
    return found[0]


def _keys_of(chosen: Settings, region: Region) -> list[Key]:
    """As the keyring tells them, unopened; none where it is not on this machine."""
    path = Path(chosen.keyring)
    if not path.exists():
        typer.echo(f"{path}: not here, so its changes are not compared with the ledger", err=True)
        return []
    return [key for key in keys.look(path).keys if key.region == region]


def _show_proof(region: Region, found: bookkeeping.Examined) -> None:
    for broken in found.broken:
        typer.echo(f"ledger of {region}: BROKEN: {broken}", err=True)
    age = found.age(now())
    if age is None:
        typer.echo(f"ledger of {region}: {len(found.entries)} entries, none anchored")
        return
    behind = len(found.entries) - 1 - found.covered
    typer.echo(
        f"ledger of {region}: {len(found.entries)} entries; proven up to entry {found.covered}, "
        f"anchored {timedelta(seconds=max(0, age))} ago; {behind} newer could be cut off unseen"
    )


def _show_entry(entry: Entry) -> None:
    act = entry.act
    told = {**act.scope, **act.looked_at, **act.changed}
    words = " ".join(f"{name}={value}" for name, value in told.items())
    approver = f", approved by {act.approver}" if act.approver else ""
    typer.echo(
        f"{entry.time:%Y-%m-%d %H:%M:%S}  {entry.region}/{entry.number}  {act.name}  ({act.why})  "
        f"{act.request or '-'}  {act.subject or '-'}  {words}  by {act.by}{approver}"
    )


def _show_proposal(one: Proposal, at: datetime) -> None:
    act = one.proposed.act
    words = " ".join(f"{name}={value}" for name, value in act.scope.items())
    until = (one.approved or one.proposed).time + LAPSES
    state = "approved" if one.approver(at) else "lapsed" if one.is_over(at) else "waits"
    typer.echo(
        f"{one.digest[:12]}  {one.proposed.region}  {state} until {until:%Y-%m-%d %H:%M}  "
        f"{words}  ({act.why})  {act.request}  by {act.by}"
    )
