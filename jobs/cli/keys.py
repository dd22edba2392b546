"""`fortnight keys`."""

from pathlib import Path
from typing import Annotated

import typer

from jobs import keys, office
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import By, RegionName, RequestNumber, now, office_of, region_of
from jobs.cli.settings import environment, settings
from jobs.keys import destruction, links, rotation
from schemas.acts import Ground
from schemas.errors import SettingsError
from schemas.keyring import Keyring
from schemas.regions import Residency
from schemas.settings import Settings
from schemas.wrapping import Wrapping
from storage.aside import open_restricted
from storage.lake import Destination
from storage.places import open_lake, open_stores
from storage.wrapping import wrapping_of

app = typer.Typer()
_keys = typer.Typer(help="The secrets that make pseudonyms: a sealed file, a key a region.")
app.add_typer(_keys, name="keys")

Why = Annotated[Ground, typer.Option(help="On which ground.")]


@_keys.command()
def new(*, region: RegionName = "", why: Why = Ground.SCHEDULE, by: By = "") -> None:
    """Make the keyring, and the ledgers' keys; what is there is never written over.

    With --region: one more version for a region that has some already, to be brought to every
    machine before `keys rotate` puts it to use.
    """
    chosen = settings()
    path, wrapping = Path(chosen.keyring), _wrapping(chosen)
    if region:
        where = region_of(chosen, region)
        _show(rotation.add(office_of(chosen, where, by), path, wrapping, why))
        return
    regions = [place.region for place in chosen.regions]
    made = keys.create(path, regions, wrapping, now())
    typer.echo(f"{path}: made; keep a copy of it and of its passphrase, apart")
    if office.make_keys(chosen, environment()):
        typer.echo(f"{office.key_file(chosen)}: made, for officers only: workers do not need it")
    _show(made)


@_keys.command("list")
def list_keys() -> None:
    """Show each key's region, version, state, since when, and fingerprint."""
    chosen = settings()
    regions = [place.region for place in chosen.regions]
    _show(keys.read(Path(chosen.keyring), _wrapping(chosen), regions))


@_keys.command()
def rotate(*, region: RegionName = "", why: Why = Ground.SCHEDULE, by: By = "") -> None:
    """Write a region's new rows under its next version; running workers notice it."""
    chosen = settings()
    where = region_of(chosen, region)
    path, wrapping = Path(chosen.keyring), _wrapping(chosen)
    _show(rotation.rotate(office_of(chosen, where, by), path, wrapping, why))


@_keys.command()
def link(*, region: RegionName = "", by: By = "") -> None:
    """Let analysts join a region's rows across its rotations, as long as there are such rows.

    To be called again when devices have sent under the new version, or after another rotation.
    """
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    keyring = keys.read(Path(chosen.keyring), _wrapping(chosen), [officer.region])
    with cluster_of(chosen) as cluster:
        devices = links.registered(cluster, officer.region, Residency.shipped())
    seen = links.seen_in(_tables(chosen, officer))
    wanted = links.plan(devices, keyring, officer, officer.ledger.entries(), seen)
    store = open_stores(chosen)[officer.region]
    for made in links.make(officer, wanted, store, devices=len(devices)):
        typer.echo(made)
    if not wanted:
        typer.echo("there is no retired version whose rows could be joined")


@_keys.command()
def destroy(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Such as k1.")],
    *,
    request: RequestNumber,
    region: RegionName = "",
    why: Why = Ground.RETENTION,
    by: By = "",
) -> None:
    """Destroy a retired version, so that nobody can make its pseudonyms; two persons do it.

    The first call proposes it; once somebody else has said `fortnight approve`, the same call again
    destroys it. Refused while a row, a hold or its time forbids it.
    """
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    act = destruction.act_of(officer, _number(version), why=why, request=request)
    done = destruction.destroy(officer, act, _vault(chosen, officer))
    if done.done:
        typer.echo(f"{officer.region} {version}: destroyed; {done.copies}")
        return
    typer.echo(done.standing)


def _vault(chosen: Settings, officer: office.Office) -> destruction.Vault:
    aside = [one for one in open_restricted(chosen) if one.region == officer.region]
    places = [*_tables(chosen, officer), *aside]  # what is preserved there outlives its fortnight
    return destruction.Vault(Path(chosen.keyring), _wrapping(chosen), places)


def _tables(chosen: Settings, officer: office.Office) -> list[Destination]:
    lake = open_lake(open_stores(chosen), chosen)
    return [lake[place] for place in lake if place[1] == officer.region]


def _number(version: str) -> int:
    digits = version.removeprefix("k")
    if not digits.isdecimal():
        raise SettingsError("VERSION: such as k1")
    return int(digits)


def _wrapping(chosen: Settings) -> Wrapping:
    return wrapping_of(chosen, environment())


def _show(keyring: Keyring) -> None:
    for key in keys.describe(keyring):
        since = f"{key.since:%Y-%m-%d %H:%M}" if key.since else "-"
        typer.echo(
            f"{key.region:<4} k{key.version:<4} {key.state:<9} {since:<16} {key.fingerprint}"
        )
