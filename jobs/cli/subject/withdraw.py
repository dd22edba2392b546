"""`fortnight subject withdraw`."""

from typing import Annotated

import typer

from jobs.cli.desk import From, Number, Whom, desk
from jobs.cli.offices import By, RegionName
from jobs.cli.subject.group import group
from jobs.subjects.changes import ITEMS, Registered, item_of
from schemas.requests import Right

Item = Annotated[str, typer.Option("--item", help=f"Which consent: {', '.join(ITEMS)}.")]


@group.command()
def withdraw(
    whom: Whom = "",
    *,
    item: Item,
    file: From = "",
    number: Number = "",
    region: RegionName = "",
    by: By = "",
) -> None:
    """Take a consent back: later records, or its columns, are withheld.

    Tell the account service too: what it registers next replaces this.
    """
    use = item_of(item)
    with desk(whom, file, number, rights=(Right.WITHDRAW,), region=region, by=by) as at:
        for done in Registered(at.cases, at.cluster, at.roll).withdraw(use):
            typer.echo(done)
