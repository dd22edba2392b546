"""`fortnight bench`."""

import os
import sys
from importlib.util import find_spec

import typer

from jobs.cli.settings import environment
from jobs.demo.object_store import CREDENTIALS
from schemas.errors import SettingsError

app = typer.Typer()

_DEVELOPERS_ONLY = ("confluent_kafka", "psutil")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def bench(context: typer.Context) -> None:
    """Speed and memory of the worker beside peers (see `fortnight bench --help`)."""
    missing = [name for name in _DEVELOPERS_ONLY if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"bench needs the dev group, `uv sync`: {', '.join(missing)} is missing"
        )
    command = [sys.executable, "-m", "jobs.bench", *context.args]
    sys.stdout.flush()
    os.execve(sys.executable, command, {**environment(), **CREDENTIALS})  # noqa: S606 - ourselves
