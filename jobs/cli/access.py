"""`fortnight access`."""

from typing import Annotated

import msgspec
import typer

from jobs.cli.kafka import cluster_of
from jobs.cli.settings import settings
from jobs.roles import lists, policies
from jobs.roles.declared import roles
from schemas.errors import SettingsError

app = typer.Typer()
_access = typer.Typer(help="Who may do what: Kafka's access control lists, AWS's policies.")
app.add_typer(_access, name="access")


@_access.command()
def kafka(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Make Kafka's lists so.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Status 1 if they are not so.")] = False,
) -> None:
    """Show what Kafka has to allow to whom, as commands of its own tool; or apply or check it.

    Status 1 while somebody who is no role may touch our topics: that is for you to take back.
    """
    chosen = settings()
    wanted = lists.plan(roles(chosen))
    if not (apply or check):
        for line in lists.commands(wanted, chosen.bootstrap_servers):
            typer.echo(line)
        return
    with cluster_of(chosen) as cluster:
        found = lists.compare(wanted, cluster.permissions())
        if apply:
            lists.carry_out(found, cluster)
    _show(found, "made good" if apply else "")
    if found.strangers or (found and not apply):
        raise typer.Exit(1)
    typer.echo(f"{len(wanted)} permissions are as they have to be, and no more")


@_access.command()
def iam(
    role: Annotated[str, typer.Argument(help="Only of this role.")] = "",
    region: Annotated[str, typer.Argument(help="Only in this region.")] = "",
) -> None:
    """Show AWS's policies, by role and region; of one role in one region, that policy alone."""
    chosen = settings()
    found = {
        f"{who}-{where}": policy
        for who, where, policy in policies.plan(roles(chosen), chosen)
        if role in ("", who) and region in ("", where)
    }
    if not found:
        raise SettingsError("there is no such role, or region")
    shown = next(iter(found.values())) if role and region else found
    typer.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())


def _show(found: lists.Difference, done: str) -> None:
    for one in found.missing:
        typer.echo(f"missing: {one}{done and f' ({done})'}")
    for one in found.surplus:
        typer.echo(f"too much: {one}{done and f' ({done})'}")
    for one in found.strangers:
        typer.echo(f"of a stranger: {one}")
