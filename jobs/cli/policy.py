"""`fortnight policy`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.settings import settings
from jobs.withheld import count
from schemas.errors import SettingsError
from schemas.policies import Policies, Policy
from schemas.policies.checkers import PEOPLE_ALONE
from schemas.policies.pages import differences, explain
from schemas.tables import STREAMED
from storage.places import open_lake, open_stores

app = typer.Typer()
_policy = typer.Typer(help="What makers promised: the files that drive what is stored.")
app.add_typer(_policy, name="policy")


@_policy.command("explain")
def explain_policy(
    vendor: Annotated[str, typer.Argument(help="One maker's; all without.")] = "",
    *,
    diff: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two files of policies: what the second changes.", metavar="OLD NEW"),
    ] = None,
) -> None:
    """The record of processing (Art. 30), the notice's table, and every clause; as Markdown."""
    if diff:
        for line in differences(*map(_read, diff)):
            typer.echo(line)
        return
    policies = Policies.shipped()
    if vendor and vendor not in policies.versions:
        known = ", ".join(policies.versions)
        raise SettingsError(f"policy explain: there is no policy of {vendor}; there are {known}")
    for policy in policies.all:
        if vendor in ("", policy.vendor):
            typer.echo(explain(policy) + "\n")


@_policy.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files of policies, besides.")] = None,
) -> None:
    """Read the policies in force, and files that may come into force, and say who checks them."""
    policies = Policies.shipped(settings().default_policy)
    for path in files or ():
        policies = policies.with_(_read(path))
    for policy in policies.all:
        kinds = Counter(policy.kinds())
        alone = sum(number for kind, number in kinds.items() if kind in PEOPLE_ALONE)
        typer.echo(
            f"{policy.vendor} {policy.version}: {kinds.total()} clauses, of which {alone} rest on "
            "a signature: `fortnight attest`"
        )
    typer.echo(f"makers without a policy: {policies.default or 'their records are rejected'}")


@_policy.command()
def counts() -> None:
    """What policies kept out of the tables in the last fortnight: records and values, by reason."""
    chosen = settings()
    home = {chosen.home_region: open_stores(chosen)[chosen.home_region]}
    lake = open_lake(home, chosen)
    kept = count(lake[table.name, chosen.home_region] for table in STREAMED.values())
    for one, n in sorted(kept.items()):
        version = f"{one.vendor} {one.version}".strip()
        typer.echo(f"{n:>12,}  {one.table}  {version}  {one.what}: {one.reason}")
    if not kept:
        typer.echo("nothing was kept out")


def _read(path: Path) -> Policy:
    try:
        return Policy.parse(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
