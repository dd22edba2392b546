"""`fortnight drill`."""

from collections.abc import Callable, Iterable, Sequence

import typer

from jobs.cli.desk import Desk
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import By, RegionName, now, office_of, regions_of
from jobs.cli.settings import settings
from jobs.cli.subject.access import sources_of
from jobs.drill import PENDING, Drill, Outcome
from jobs.drill.steps import Steps
from jobs.kafka import Cluster
from jobs.subjects.confirm import Searcher
from jobs.subjects.erase import Eraser
from jobs.subjects.inputs import KafkaInputs
from jobs.subjects.registrations import bind_anew
from jobs.subjects.restrict import Restricter
from jobs.subjects.roll import read, these
from jobs.subjects.waiting import insist
from schemas.canaries import canaries
from schemas.drills import FAILED
from schemas.errors import FatalError, FortnightError, RetryableError
from schemas.policies import Policies
from schemas.regions import Region
from schemas.retention import microseconds
from schemas.settings import Settings

app = typer.Typer()

_NOBODY = "no canary is registered: `fortnight fleet --canaries` runs some"


@app.command()
def drill(*, region: RegionName = "", by: By = "") -> None:
    """Let canaries confirm, get a copy, be restricted and erased, and see that it is done.

    Each is lifted and bound anew, too. Pending, with status 75, as long as something is on its
    way: the same command again goes on. Status 1 where a request was answered badly.
    """
    end(*drill_all(region, by))


def drill_all(region: str, by: str = "") -> tuple[list[Outcome], list[FortnightError]]:
    """Drill the canaries of a region, or of every one, and say how far each came.

    Returns:
        The outcomes, and why regions were not drilled to the end: such a one delays no other.

    Raises:
        SettingsError: The region is not served, or Kafka is not set up.
    """
    chosen = settings()
    with cluster_of(chosen) as cluster:
        regions = regions_of(chosen, region)
        return each_of(regions, lambda where: _drill(chosen, where, cluster, by))


def each_of(
    regions: Iterable[Region], run: Callable[[Region], list[Outcome]]
) -> tuple[list[Outcome], list[FortnightError]]:
    """Run the drill of each region, and say how far it came, or what stopped it."""
    found, refused = list[Outcome](), list[FortnightError]()
    for where in regions:
        try:
            outcomes = run(where)
        except FortnightError as error:
            typer.echo(f"fortnight: region {where}: {error}", err=True)
            refused.append(error)
            continue
        for said in map(_said, outcomes) if outcomes else [_NOBODY]:
            typer.echo(f"{where}: {said}")
        found += outcomes
    return found, refused


def end(found: Sequence[Outcome], refused: Sequence[FortnightError]) -> None:
    """End as the worst region did: one that is refused, that answered badly, that is not done.

    Raises:
        FatalError: An operator has to act.
        RetryableError: The same command again goes on.
    """
    away = sum(isinstance(one, RetryableError) for one in refused)
    if wrong := len(refused) - away:
        raise FatalError(f"{wrong} regions were not drilled, the others were")
    if any(one.state == FAILED for one in found):
        raise typer.Exit(1)
    insist(sum(one.state == PENDING for one in found))
    if away:
        raise RetryableError(f"{away} regions gave no answer; the same command again goes on")


def _drill(chosen: Settings, region: Region, cluster: Cluster, by: str) -> list[Outcome]:
    office = office_of(chosen, region, by)
    office.check()
    roll = read(cluster, these(one.device for one in canaries()))
    at = Desk(chosen, office, cluster, roll, ())
    estate, keyring, inputs = at.estate(), at.keyring(), KafkaInputs(cluster, roll)
    raw_for = chosen.topic_retention + chosen.topic_segment
    steps = Steps(
        roll=roll,
        searcher=Searcher(estate, roll, keyring),
        sources=sources_of(at),
        restricter=Restricter(region, estate, inputs, keyring),
        eraser=Eraser(region, estate, inputs, keyring, raw_for),
        policies=Policies.shipped(chosen.default_policy),
        bind=lambda devices: bind_anew(cluster, devices, microseconds(now())),
    )
    return Drill(office, steps).run()


def _said(one: Outcome) -> str:
    return f"{one.vendor}: {one.state}{f'; {one.said}' if one.said else ''}"
