"""`fortnight documents`."""

from pathlib import Path
from typing import Annotated

import typer

from jobs import documents as job

app = typer.Typer()
_documents = typer.Typer(
    help="What a fleet publishes (JSON Schemas, AsyncAPI), and the tables' columns."
)
app.add_typer(_documents, name="documents")

Folder = Annotated[Path, typer.Option(help="where they are kept")]
Deploy = Annotated[Path, typer.Option(help="where what Prometheus and Grafana read is kept")]
_FOLDER, _DEPLOY = Path("docs"), Path("deploy")


@_documents.command()
def write(folder: Folder = _FOLDER, deploy: Deploy = _DEPLOY) -> None:
    """Write the documents anew from the schemas."""
    for path in (*job.write(folder), *job.write(deploy, job.DEPLOY)):
        typer.echo(path)


@_documents.command()
def check(folder: Folder = _FOLDER, deploy: Deploy = _DEPLOY) -> None:
    """Exit 1 when a document is not what the schemas say."""
    stale = [folder / name for name in job.stale(folder)]
    stale += [deploy / name for name in job.stale(deploy, job.DEPLOY)]
    for path in stale:
        typer.echo(f"{path} is not current: run fortnight documents write")
    raise typer.Exit(bool(stale))
