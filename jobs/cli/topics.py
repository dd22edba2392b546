"""`fortnight topics`."""

import typer

from jobs import topics
from jobs.cli.kafka import cluster_of
from jobs.cli.settings import settings

app = typer.Typer()
_topics = typer.Typer(help="Kafka's topics: make them, and check that they keep the promises.")
app.add_typer(_topics, name="topics")


@_topics.command()
def create() -> None:
    """Create the topics that are not there yet."""
    chosen = settings()
    wanted = topics.plan(chosen)
    with cluster_of(chosen) as cluster:
        for name, created in topics.carry_out(wanted, cluster).items():
            typer.echo(f"{name}: {'created' if created else 'was there'}")


@_topics.command()
def check() -> None:
    """Say what about the topics breaks a promise; status 1 if anything does."""
    chosen = settings()
    with cluster_of(chosen) as cluster:
        found = cluster.topics(topics.NAMES)
    broken = topics.breaches(found, chosen)
    for breach in broken:
        typer.echo(breach)
    if broken:
        raise typer.Exit(1)
    typer.echo(f"{len(found)} topics are as they have to be")
