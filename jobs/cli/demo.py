"""`fortnight demo`."""

import os
import shutil
import signal
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from jobs.cli.settings import environment
from jobs.demo.demo import Demo, Wishes
from jobs.demo.object_store import CREDENTIALS
from jobs.demo.screen import Screen
from jobs.demo.system import new_home
from schemas.errors import SettingsError
from schemas.settings import PREFIX

app = typer.Typer()
_MARK = ".made-by-fortnight-demo"
_STOPPED = 130
"""Exit status of a command that Ctrl-C ended, as shells have it."""


@app.command()
def demo(  # noqa: PLR0913 - a command's options
    *,
    seconds: Annotated[float, typer.Option(help="How long the fleet publishes.")] = 60,
    keep: Annotated[bool, typer.Option("--keep", help="Run until Ctrl-C.")] = False,
    robots: Annotated[int, typer.Option(help="Robots of the fleet.")] = 60,
    rate: Annotated[float, typer.Option(help="Records a second, about.")] = 400,
    countries: Annotated[str, typer.Option(help="Where robots are, with commas.")] = "DE,FR,US",
    tls: Annotated[
        bool, typer.Option("--tls", help="Kafka and S3 with certificates, and a role a part.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="For logs, keyring and tables.")] = Path(
        "build/demo"
    ),
) -> None:
    """Run the whole system on this machine: Kafka, S3, a worker and a fleet."""
    _empty(folder)
    inherited = dict(environment())
    if PREFIX + "S3_ENDPOINT" not in inherited:
        os.environ.update(CREDENTIALS)  # noqa: TID251 - our own S3 client reads it
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    wishes = Wishes(
        None if keep else timedelta(seconds=seconds),
        ("--robots", str(robots), "--rate", str(rate), "--countries", countries),
    )
    try:
        home = new_home(folder, inherited, tls=tls)
        if tls:
            os.environ["AWS_CA_BUNDLE"] = home.environment["AWS_CA_BUNDLE"]  # noqa: TID251 - as above
        Demo(Screen(Console()), wishes).run(home)
    except KeyboardInterrupt:
        typer.echo("stopped; nothing of it runs any more", err=True)
        raise typer.Exit(0 if keep else _STOPPED) from None


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise KeyboardInterrupt


def _empty(folder: Path) -> None:
    """Make the folder, without what an earlier demo left in it.

    Raises:
        SettingsError: Something else is in it.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise SettingsError(f"{folder} is not empty, and no demo made it: choose another --folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
