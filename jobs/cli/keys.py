"""`fortnight keys`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs import keys
from jobs.cli.settings import environment, settings
from schemas.keyring import Keyring
from schemas.regions import Region
from schemas.settings import Settings
from schemas.wrapping import Passphrase, Wrapping
from storage.secrets import resolve

app = typer.Typer()
_keys = typer.Typer(help="The secrets that make pseudonyms: a sealed file, a key a region.")
app.add_typer(_keys, name="keys")


@_keys.command()
def new(
    *,
    region: Annotated[
        str, typer.Option(help="Make one more version for this region, not yet used.")
    ] = "",
) -> None:
    """Make the keyring of the settings' regions; one that is there is never written over."""
    chosen = settings()
    path, wrapping = Path(chosen.keyring), _wrapping(chosen)
    if region:
        added = keys.change(
            path, wrapping, Region(region), lambda it: it.add(Region(region), _now())
        )
        _show(added)
        return
    regions = [place.region for place in chosen.regions]
    made = keys.create(path, regions, wrapping, _now())
    typer.echo(f"{path}: made; keep a copy of it and of its passphrase, apart")
    _show(made)


@_keys.command("list")
def list_keys() -> None:
    """Show each key's region, version, state, since when, and fingerprint."""
    chosen = settings()
    regions = [place.region for place in chosen.regions]
    _show(keys.read(Path(chosen.keyring), _wrapping(chosen), regions))


def _wrapping(chosen: Settings) -> Wrapping:
    return Passphrase(resolve(chosen.passphrase, environment()))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's


def _show(keyring: Keyring) -> None:
    for key in keys.describe(keyring):
        since = f"{key.since:%Y-%m-%d %H:%M}" if key.since else "-"
        typer.echo(
            f"{key.region:<4} k{key.version:<4} {key.state:<9} {since:<16} {key.fingerprint}"
        )
