"""The command line: parses, calls, prints; nothing else.

Every module here that has an `app` is a part of it. A command returns; what went wrong is an
error that says who has to act, and becomes the exit status here and nowhere else (sysexits.h):
65 a record's producer, 75 nobody (try again later), 70 an operator. Status 1 is no error: the
command worked, and found a promise broken.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules

import typer

from schemas.errors import FatalError, FortnightError, RecordError, RetryableError

_STATUS = {RecordError: 65, RetryableError: 75, FatalError: 70}

app = typer.Typer(
    name="fortnight",
    help="Robot telemetry and cleaning maps, kept for a fortnight and not an hour longer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it would print what a record or a secret holds
)

for _module in sorted(module.name for module in iter_modules(__path__, f"{__name__}.")):
    if part := getattr(import_module(_module), "app", None):
        app.add_typer(part)


def status(error: FortnightError) -> int:
    """The exit status that says who has to act."""
    return next(code for branch, code in _STATUS.items() if isinstance(error, branch))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process.

    Args:
        arguments: The command; None: what the process was started with.
    """
    try:
        app(arguments)
    except FortnightError as error:
        typer.echo(f"fortnight: {error}", err=True)
        sys.exit(status(error))
