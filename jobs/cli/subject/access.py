"""`fortnight subject access`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.desk import Desk, From, Number, Whom, desk
from jobs.cli.offices import By, RegionName, tell
from jobs.cli.settings import environment
from jobs.cli.subject.group import group
from jobs.subjects.access.give import Given, Target, give
from jobs.subjects.access.search.sources import Sources
from jobs.subjects.access.writing.archive import check_passphrase, new_passphrase
from schemas.hold_record import HoldRecord
from schemas.policies import Policies
from schemas.requests import Right
from schemas.tables import DEAD_LETTERS
from storage.places import open_lake, open_stores
from storage.secrets import resolve
from storage.wrapping import wrapping_of

Into = Annotated[Path, typer.Option("--into", metavar="FOLDER", help="Where the archives go.")]
Passphrase = Annotated[
    str,
    typer.Option(
        help="Of the archives, by reference: env:NAME or file:PATH; without, each gets one of its "
        "own, which is shown once."
    ),
]


@group.command()
def access(  # noqa: PLR0913 - a command's options
    whom: Whom = "",
    *,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    into: Into = Path(),
    passphrase: Passphrase = "",
    by: By = "",
) -> None:
    """Put a copy of all that is kept of a subject into an encrypted archive; two persons do it.

    The first call proposes it; once somebody else has said `fortnight approve`, the same call again
    makes the archive. Send its passphrase by another way than the archive.
    """
    with desk(whom, file, number, rights=(Right.ACCESS,), region=region, by=by) as at:
        target = Target(into, _passphrases(passphrase), Policies.shipped(at.chosen.default_policy))
        for given in give(at.cases, at.roll, sources_of(at), target):
            _show(given, is_new=not passphrase)


def sources_of(at: Desk) -> Sources:
    """Where everything of a subject may lie."""
    chosen, region = at.chosen, at.office.region
    wrapping = wrapping_of(chosen, environment())
    lake = open_lake(open_stores(chosen), chosen)
    restricted = open_lake(open_stores(chosen, chosen.restricted), chosen)

    def unwrap(hold: HoldRecord) -> bytes:
        return wrapping.unwrap(hold.wrapped, hold.label)

    return Sources(
        region=region,
        tables=at.tables(),
        restricted=[one for (_, where), one in restricted.items() if where == region],
        holds=open_stores(chosen, chosen.holds).get(region),
        unwrap=unwrap,
        dead_letters=lake[DEAD_LETTERS.name, chosen.home_region],
        cluster=at.cluster,
        keyring=at.keyring(),
        late_window=chosen.late_window,
    )


def _passphrases(reference: str) -> Callable[[], str]:
    """What makes an archive's passphrase: the one that is referred to, or a new one each."""
    if not reference:
        return new_passphrase
    given = resolve(reference, environment())
    check_passphrase(given)
    return lambda: given


def _show(given: Given, *, is_new: bool) -> None:
    if given.path is None or given.recorded is None:
        typer.echo(f"{given.request}: {given.standing}")
        return
    tell(given.recorded)
    typer.echo(f"{given.path}: {given.rows} rows")
    if given.closed:
        typer.echo(
            f"dead letters lie in {given.closed} and were not looked at: whoever may read them "
            "there finds by their positions why records of the archive were rejected: "
            "`fortnight dead-letters list`"
        )
    if is_new:
        typer.echo(f"its passphrase, which is kept nowhere: {given.passphrase}")
