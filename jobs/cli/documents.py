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
_FOLDER = Path("docs")


@_documents.command()
def write(folder: Folder = _FOLDER) -> None:
    """Write the documents anew from the schemas."""
    for path in job.write(folder):
        typer.echo(path)


@_documents.command()
def check(folder: Folder = _FOLDER) -> None:
    """Exit 1 when a document is not what the schemas say."""
    stale = job.stale(folder)
    for name in stale:
        typer.echo(f"{folder / name} is not current: run fortnight documents write")
    raise typer.Exit(bool(stale))
