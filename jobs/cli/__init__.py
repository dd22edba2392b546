"""The command line: parses, calls, prints; nothing else.

Every module here that has an `app` is a part of it, and is imported when it is needed. A command
returns; what went wrong is an error that says who
has to act, and becomes the exit status here and nowhere else (sysexits.h): 65 a record's producer,
75 nobody (try again later), 70 an operator. Status 1 is no error: the command worked, and found a
promise broken.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from jobs.cli.settings import settings
from schemas.errors import FatalError, FortnightError, RecordError, RetryableError
from storage import logs

_STATUS = {RecordError: 65, RetryableError: 75, FatalError: 70}
MODULES = {
    "approve": "ledger",
    "bench-maps": "maps",
    "expire": "retention",
    "lag": "proof",
    "map": "analysts",
    "reconcile": "proof",
    "review": "attest",
    "sql": "analysts",
    "sweep": "retention",
    "tables": "analysts",
}
"""Command -> its module, where that has another name: so that no other is imported for it."""

_Click = Any  # a value of click, of which Typer keeps a private copy


class _Parts(TyperGroup):
    """The commands of every module in this folder."""

    def list_commands(self, ctx: _Click) -> list[str]:
        del ctx
        return sorted(name for part in _parts() for name in part)

    def get_command(self, ctx: _Click, cmd_name: str) -> _Click:
        del ctx
        return next((part[cmd_name] for part in _parts(cmd_name) if cmd_name in part), None)


app = typer.Typer(
    name="fortnight",
    cls=_Parts,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print what a record or a secret holds
)


@app.callback()
def fortnight() -> None:
    """Robot telemetry and cleaning maps, kept for a fortnight and not an hour longer."""


def status(error: FortnightError) -> int:
    """The exit status that says who has to act."""
    return next(code for branch, code in _STATUS.items() if isinstance(error, branch))


def complaint(error: FortnightError) -> str:
    """What a command that failed says last; where time may help, that too."""
    again = "; the same command again, in a while, goes on"
    said = f"fortnight: {error}"
    is_told = "again" in str(error) or not isinstance(error, RetryableError)
    return said if is_told else said + again


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process.

    Args:
        arguments: The command; None: what the process was started with. Then the process ends at
            once: threads of Arrow or delta-rs may still be at work, and an interpreter that is
            taken down around them crashes.
    """
    if arguments is not None:
        sys.exit(_run(arguments))
    _log()
    code = _run(None)
    with suppress(OSError):  # whoever read it has gone
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    """Run a command; its exit status."""
    try:
        app(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except FortnightError as error:
        typer.echo(complaint(error), err=True)
        return status(error)
    return 0


def _log() -> None:
    """Log as the settings say: libraries do, whatever the command."""
    try:
        chosen = settings()
    except FortnightError:  # it is the command's to tell, and not every one needs settings
        logs.set_up("INFO")
    else:
        logs.set_up(chosen.log_level, chosen.log_format)


def _parts(wanted: str = "") -> Iterator[Mapping[str, _Click]]:
    """The commands of each module, by name; first of the module that has the wanted one."""
    home = MODULES.get(wanted, wanted.replace("-", "_"))
    names = sorted(module.name for module in iter_modules(__path__))
    for name in sorted(names, key=lambda name: name != home):
        if part := getattr(import_module(f"{__name__}.{name}"), "app", None):
            yield get_group(part).commands
