"""A job over every place, once or again and again: what such commands share."""

import logging
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta
from typing import Annotated

import typer

from jobs import schedule
from schemas.errors import FatalError, FortnightError, RetryableError, SettingsError
from storage.logs import Lines

logger = logging.getLogger(__name__)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what and why, and do nothing.")]
Every = Annotated[
    float, typer.Option("--every", help="Run again and again, this many seconds apart.", min=0)
]
Part = Callable[[], bool]
"""One place's share of a run; whether every promise is kept there."""


def run(parts: Callable[[], Iterable[Part]], every: float) -> None:
    """Run every part, also behind one that failed; once, or again and again.

    What is run again and again is a service: what it prints is logged.

    Raises:
        SettingsError: A place was refused, and the others are done.
        RetryableError: A place gave no answer, and the others are done.
    """
    if every:
        with redirect_stdout(Lines(logger.info)), redirect_stderr(Lines(logger.error)):
            _repeat(parts, timedelta(seconds=every))
    elif not _kept(parts()):
        raise typer.Exit(1)


def _repeat(parts: Callable[[], Iterable[Part]], every: timedelta) -> None:
    try:
        schedule.repeat(lambda: _kept(parts()), every, on_failure=_say)
    except FatalError as error:
        logger.critical("cannot go on: %s", error)
        raise


def _kept(parts: Iterable[Part]) -> bool:
    kept, failed, refused = True, 0, dict[str, SettingsError]()
    for part in parts:
        try:
            kept &= part()
        except RetryableError as error:  # a region that is away delays no other
            _say(error)
            failed += 1
        except SettingsError as error:  # nor does one of which the settings do not know enough
            refused.setdefault(str(error), error)
    if refused:
        first, *others = refused.values()
        for other in others:
            _say(other)
        raise first
    if failed:
        raise RetryableError(f"{failed} places gave no answer; the next run goes on there")
    return kept


def _say(error: FortnightError) -> None:
    typer.echo(f"fortnight: {error}", err=True)
