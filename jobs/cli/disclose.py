"""`fortnight disclose`."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.offices import By, RegionName, RequestNumber, office_of, region_of
from jobs.cli.settings import settings
from jobs.office import disclosures
from schemas.acts import Ground
from schemas.canonical import digest
from schemas.disclosures import DISCLOSE
from schemas.errors import SettingsError
from schemas.policies import Policies

app = typer.Typer()


@app.command()
def disclose(  # noqa: PLR0913 - a command's options
    clause: Annotated[str, typer.Argument(help="Which lets it go: 360-robot-vacuum/authorities.")],
    *,
    to: Annotated[str, typer.Option(help="To whom, in the clause's words: courts.")],
    why: Annotated[Ground, typer.Option(help="On which ground.")],
    request: RequestNumber,
    document: Annotated[Path, typer.Option(help="What is given; only its SHA-256 is kept.")],
    region: RegionName = "",
    by: By = "",
) -> None:
    """Tell, before it goes, that data is given away; two persons do it.

    The first call proposes it; once somebody else has said `fortnight approve`, the same call again
    enters it in the ledger. What is handed over, and how, is yours.
    """
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    try:
        given = digest(document.read_bytes())
    except OSError as error:
        raise SettingsError(f"--document: {error.strerror}") from None
    scope = {"clause": clause, "to": to, "document": given}
    act = officer.act(DISCLOSE, why, request=request, scope=scope)
    done = disclosures.disclose(officer, act, Policies.shipped())
    if done.entry is None:
        typer.echo(f"{done.standing}; until then nothing may go")
        return
    typer.echo(f"ledger of {officer.region}: entry {done.entry}: it may go to {to}")
