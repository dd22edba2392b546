"""`fortnight drill`."""

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
from schemas.policies import Policies
from schemas.regions import Region
from schemas.retention import microseconds
from schemas.settings import Settings

app = typer.Typer()

_NOBODY = "no canary is registered: `fortnight fleet --canaries` runs some"


@app.command()
def drill(*, region: RegionName = "", by: By = "") -> None:
    """Let the canaries ask for everything that a subject may, and see that it is done.

    Each is confirmed, given a copy, restricted, lifted, erased, and bound anew. Pending, with
    status 75, as long as something is on its way: the same command again goes on. Status 1 where a
    request was answered badly.
    """
    found = drill_all(region, by)
    if any(one.state == FAILED for one in found):
        raise typer.Exit(1)
    insist(sum(one.state == PENDING for one in found))


def drill_all(region: str, by: str = "") -> list[Outcome]:
    """Drill the canaries of a region, or of every one, and say how far each came.

    Raises:
        FatalError: The caller is no officer, or something is not set up that has to be.
        RetryableError: A store or Kafka does not answer; call again.
    """
    chosen, found = settings(), list[Outcome]()
    with cluster_of(chosen) as cluster:
        for where in regions_of(chosen, region):
            outcomes = _drill(chosen, where, cluster, by)
            for said in map(_said, outcomes) if outcomes else [_NOBODY]:
                typer.echo(f"{where}: {said}")
            found += outcomes
    return found


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
