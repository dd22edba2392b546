"""`fortnight certs`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs import certs as job
from jobs.cli.settings import settings
from jobs.demo.broker_security import ADMINISTRATOR
from jobs.roles.declared import roles

app = typer.Typer()


@app.command()
def certs(
    folder: Annotated[Path, typer.Argument(help="Is made; must not be there.")],
    *,
    client: Annotated[
        list[str] | None, typer.Option(help="A client's name; the roles and an administrator.")
    ] = None,
) -> None:
    """Make certificates for demos and tests, never for production: servers, and a client a role."""
    clients = client or [ADMINISTRATOR, *(role.name for role in roles(settings()))]
    made = job.make(folder, clients, now=datetime.now(UTC))  # noqa: TID251 - a command's clock
    typer.echo(f"{len(made)} files in {folder}, for {job.LIFETIME.days} days; not for production")
