"""`fortnight keys`."""

from pathlib import Path

import typer

from jobs import keys
from jobs.cli.settings import environment, settings
from schemas.keyring import Keyring
from storage.secrets import resolve

app = typer.Typer()
_keys = typer.Typer(help="The secrets that make pseudonyms: a sealed file, a key a region.")
app.add_typer(_keys, name="keys")


@_keys.command()
def new() -> None:
    """Make the keyring of the settings' regions; one that is there is never written over."""
    chosen = settings()
    path = Path(chosen.keyring)
    regions = [place.region for place in chosen.regions]
    made = keys.create(path, regions, resolve(chosen.passphrase, environment()))
    typer.echo(f"{path}: made; keep a copy of it and of its passphrase, apart")
    _show(made)


@_keys.command("list")
def list_keys() -> None:
    """Show each key's region, version, state and fingerprint."""
    chosen = settings()
    _show(keys.read(Path(chosen.keyring), resolve(chosen.passphrase, environment())))


def _show(keyring: Keyring) -> None:
    for key in keys.describe(keyring):
        typer.echo(f"{key.region:<4} k{key.version:<4} {key.state:<8} {key.fingerprint}")
