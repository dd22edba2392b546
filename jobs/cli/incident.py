"""`fortnight incident`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs import keys, office
from jobs.cli.columns import print_table
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import By, RegionName, now, office_of, region_of, regions_of, tell
from jobs.cli.settings import environment, settings
from jobs.incident import acts
from jobs.incident.accounts import Computing
from jobs.incident.exposure import Reach
from jobs.incident.whose import Answer, Places, Question, whose
from schemas.errors import SettingsError
from schemas.incidents import Incident, Told, incidents
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.settings import Settings
from storage.holds import read_records
from storage.places import open_stores
from storage.wrapping import wrapping_of

app = typer.Typer()
_incident = typer.Typer(
    help="Incidents: whose data, and the 72 hours in which the authority has to be told."
)
app.add_typer(_incident, name="incident")

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="Yours, such as I-2026-3: no name.")]


@_incident.command("list")
def list_(
    *,
    region: RegionName = "",
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
) -> None:
    """Show who has to be told until when; status 1 where the authority was not told in time."""
    chosen, at = settings(), now()
    known = [
        (where, one)
        for where in regions_of(chosen, region)
        for one in incidents(office.open_ledger(chosen, where).entries()).values()
    ]
    for where, one in known:
        if everything or one.closed is None or one.is_late(at):
            typer.echo(_line(where, one, at))
    late = sum(one.is_late(at) for _, one in known)
    typer.echo(f"{sum(one.closed is None for _, one in known)} incidents are open; {late} late")
    if late:
        raise typer.Exit(1)


@_incident.command("open")
def open_(
    number: Number,
    *,
    known: Annotated[
        datetime | None, typer.Option(help="Since when somebody of yours knows, UTC; now.")
    ] = None,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Open an incident in a region: the authority has to be told within 72 hours."""
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    since = known.replace(tzinfo=UTC) if known else officer.now
    opened = acts.open_(officer, number, since, acts.within(Policies.shipped()))
    typer.echo(f"{number}: tell the authority until {opened.due:%Y-%m-%d %H:%M} UTC")


@_incident.command("tell")
def tell_(
    number: Number,
    *,
    who: Annotated[Told, typer.Option(help="Who was told.")],
    region: RegionName = "",
    by: By = "",
) -> None:
    """Enter that the authority, or the subjects, were told; the first time counts."""
    chosen = settings()
    tell(acts.tell(office_of(chosen, region_of(chosen, region), by), number, who))


@_incident.command()
def close(
    number: Number,
    *,
    harmless: Annotated[
        bool,
        typer.Option("--harmless", help="Nobody had to be told: no risk; you have the reasons."),
    ] = False,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Close an incident; refused while the authority was not told and should be."""
    chosen = settings()
    officer = office_of(chosen, region_of(chosen, region), by)
    tell(acts.close(officer, number, is_harmless=harmless))


@_incident.command()
def subjects(  # noqa: PLR0913 - a command's options
    number: Number,
    *,
    files: Annotated[str, typer.Option(metavar="PREFIX", help="Of object keys.")] = "",
    key: Annotated[str, typer.Option(metavar="VERSION", help="Such as k1.")] = "",
    bucket: Annotated[str, typer.Option(help="One of the region's; else each of them.")] = "",
    topic: Annotated[str, typer.Option(help="Raw records in Kafka, in place of rows.")] = "",
    since: Annotated[
        datetime | None, typer.Option(help="Only what arrived then or later, UTC.")
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there whose they are: whom to tell.")
    ] = None,
    region: RegionName = "",
    by: By = "",
) -> None:
    """Count whose data somebody may have got at, by table, country, maker; told in the ledger."""
    reach = Reach(files, _version(key), since and since.replace(tzinfo=UTC))
    question = Question(reach, bucket, topic)
    chosen = settings()
    where = region_of(chosen, region)
    answer = whose(
        office_of(chosen, where, by),
        number,
        question,
        places=_places(chosen, where),
        accounts=accounts,
    )
    _show(answer, "robots" if topic else "pseudonyms", accounts)


def _places(chosen: Settings, region: Region) -> Places:
    wrapping = wrapping_of(chosen, environment())
    held = open_stores(chosen, chosen.holds).get(region)

    def computing() -> Computing:
        keyring = keys.read(Path(chosen.keyring), wrapping, [region])
        holds = read_records(held) if held else ()
        opened = tuple((one, wrapping.unwrap(one.wrapped, one.label)) for one in holds)
        return Computing(region, keyring, opened)

    return Places(
        region=region,
        residency=Residency.shipped(),
        buckets={
            place.bucket: open_stores(chosen, [place])[region]
            for place in (*chosen.regions, *chosen.restricted, *chosen.holds)
            if place.region == region
        },
        cluster=lambda: cluster_of(chosen),
        computing=computing,
    )


def _version(key: str) -> int:
    digits = key.removeprefix("k")
    if key and not digits.isdecimal():
        raise SettingsError("--key: such as k1")
    return int(digits or 0)


def _show(answer: Answer, what: str, accounts: Path | None) -> None:
    found = answer.exposed
    heads = ("table or topic", "country", "maker", what, "rows or records")
    lines = [
        (one.table, one.country, one.vendor, f"{len(found.names[one]):,}", f"{found.rows[one]:,}")
        for one in sorted(found.rows)
    ]
    print_table(heads, lines)
    tell(answer.recorded)
    typer.echo(f"{len(found.everybody)} {what}; {found.files} files were looked into")
    for folder, count in sorted(found.others.items()):
        typer.echo(f"{folder}/: {count} objects that hold no rows")
    if found.hidden:
        typer.echo(f"{found.hidden} older versions of objects, which nobody looked into", err=True)
    if accounts:
        typer.echo(f"{accounts}: {answer.accounts} robots that are registered, by account")


def _line(region: Region, one: Incident, at: datetime) -> str:
    told = ", ".join(f"{who} told {when:%Y-%m-%d %H:%M}" for who, when in one.told.items())
    state = "closed" if one.closed else "open"
    harmless = ", found harmless" if one.is_harmless else ""
    return (
        f"{region:<4} {one.number:<12} known {one.known:%Y-%m-%d %H:%M}  due "
        f"{one.due:%Y-%m-%d %H:%M}  {state}{harmless}  {told or 'nobody told'}"
        f"{'  LATE' if one.is_late(at) else ''}"
    )
