"""What the commands of officers share: which region, who calls, since when."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs import office
from jobs.cli.settings import environment
from schemas.errors import SettingsError
from schemas.regions import Region
from schemas.settings import Settings
from storage.ledger import Recorded

RegionName = Annotated[
    str, typer.Option("--region", help="Where; not needed where one region is served.")
]
By = Annotated[
    str, typer.Option(help="Who you are; refused unless AWS, or the system, says so too.")
]
RequestNumber = Annotated[
    str, typer.Option("--request", help="The number of the request that this answers: R-2026-17.")
]


def now() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's


def region_of(chosen: Settings, name: str) -> Region:
    """The region that was named, or the only one.

    Raises:
        SettingsError: It is not served, or several are and none was named.
    """
    served = [place.region for place in chosen.regions]
    if not name and len(served) == 1:
        return served[0]
    if name not in served:
        raise SettingsError(f"--region: one of {', '.join(served)}")
    return Region(name)


def regions_of(chosen: Settings, name: str) -> list[Region]:
    """The region that was named, or every one.

    Raises:
        SettingsError: It is not served.
    """
    return [region_of(chosen, name)] if name else [place.region for place in chosen.regions]


def office_of(chosen: Settings, region: Region, by: str = "") -> office.Office:
    """Begin to act in a region.

    Raises:
        FatalError: The caller is somebody else than he says, or the ledger cannot be opened.
    """
    return office.open_office(chosen, environment(), region, now=now(), claimed=by)


def tell(recorded: Recorded) -> None:
    """Say where an act was entered."""
    entry = recorded.entry
    typer.echo(f"ledger of {entry.region}: entry {entry.number}, by {entry.act.by}")
    if not recorded.anchored:
        typer.echo("it is not anchored yet: `fortnight ledger anchor`", err=True)
