"""The group that the commands of `fortnight subject` put themselves into."""

import typer

group = typer.Typer(
    help="The rights of those whom the data is about: each command answers an open request."
)
