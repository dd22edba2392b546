"""`fortnight fleet`."""

import heapq
import signal
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, takewhile
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from jobs.cli.kafka import cluster_of
from jobs.cli.settings import settings
from jobs.demo.fleet.plan import Plan
from jobs.demo.fleet.publish import Counts, Hands, at_their_pace, publish
from jobs.demo.fleet.records import Record
from jobs.demo.fleet.registrations import VENDORS, countries_of
from jobs.demo.fleet.replay import Replay
from jobs.demo.fleet.simulation import records
from jobs.kafka import Producer
from schemas.errors import SettingsError
from schemas.regions import Residency
from schemas.settings import Settings

app = typer.Typer()

_ROBOTS = 100
_FLAT_OUT = 5_000.0
"""Records a second of the fleet's own clock, where the real rate is whatever Kafka takes."""


@app.command()
def fleet(  # noqa: PLR0913 - a command's options
    *,
    robots: Annotated[
        int | None,
        typer.Option(min=0, help="Robots that are simulated; 100, or none beside real maps."),
    ] = None,
    rate: Annotated[float, typer.Option(min=0, help="Records a second; 0 for all it takes.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same fleet.")] = 1,
    countries: Annotated[str, typer.Option(help="Countries, or EU and UK.")] = "EU,US",
    vendors: Annotated[str, typer.Option(help="Makers.")] = ",".join(VENDORS),
    canaries: Annotated[
        bool, typer.Option("--canaries", help="And robots whose names are public test values.")
    ] = False,
    maps: Annotated[Path | None, typer.Option(help="Folder of real maps to play as well.")] = None,
    valetudo: Annotated[
        list[Path] | None, typer.Option(help="A robot's own map JSON, sent as tiles.")
    ] = None,
    files: Annotated[list[Path] | None, typer.Argument(help="More files for --valetudo.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so long.")] = None,
    count: Annotated[
        int | None, typer.Option("--records", help="Stop after so many records.")
    ] = None,
    start: Annotated[datetime | None, typer.Option(help="When it begins (UTC); now.")] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Write down what should become of each record.")
    ] = None,
    registrar: Annotated[
        Path | None,
        typer.Option(help="Certificate (.pem, beside its .key) of whoever may register devices."),
    ] = None,
) -> None:
    """Simulate robots that drive, map and clean, and publish what they say; Ctrl-C ends it."""
    chosen = settings()
    began = start.replace(tzinfo=UTC) if start else datetime.now(UTC)  # noqa: TID251 - the edge
    documents = [path.read_bytes() for path in [*(valetudo or ()), *(files or ())]]
    if robots is None:
        robots = 0 if maps or documents else _ROBOTS
    plan = Plan(
        robots=robots,
        seed=seed,
        countries=countries_of(countries.split(","), Residency.shipped()),
        vendors=_vendors(vendors),
        late_window=chosen.late_window,
        served=frozenset(place.region for place in chosen.regions),
        canaries=canaries,
    ).at_rate(rate or _FLAT_OUT)
    replay = Replay(plan, began, rate or _FLAT_OUT)
    sources = [records(plan, began)] if robots or canaries else []
    sources += [replay.corpus(maps)] if maps else []
    sources += [replay.files(documents)] if documents else []
    chosen_records = _limited(heapq.merge(*sources, key=lambda one: one.after), seconds, count)
    typer.echo(_send(_hands(chosen, registrar), chosen_records, journal, paced=rate > 0))


def _vendors(names: str) -> tuple[str, ...]:
    chosen = tuple(names.split(","))
    if unknown := sorted(set(chosen).difference(VENDORS)):
        raise SettingsError(f"--vendors: there is no {unknown[0]}; there are {', '.join(VENDORS)}")
    return chosen


def _limited(sent: Iterable[Record], seconds: float | None, count: int | None) -> Iterator[Record]:
    if seconds is not None:
        sent = takewhile(lambda record: record.after <= seconds, sent)
    return islice(sent, count)


@contextmanager
def _hands(chosen: Settings, registrar: Path | None) -> Iterator[Producer | Hands]:
    """Whoever publishes, and whoever registers devices, where that is somebody else."""
    with cluster_of(chosen) as cluster, cluster.producer() as fleet:
        if registrar is None:
            yield fleet
            return
        certificate, key = str(registrar), str(registrar.with_suffix(".key"))
        other = replace(
            chosen, kafka_certificate=certificate, kafka_key=key, kafka_key_passphrase=""
        )
        with cluster_of(other) as service, service.producer() as registering:
            yield Hands(fleet, registering)


def _send(
    hands: AbstractContextManager[Producer | Hands],
    sent: Iterable[Record],
    journal: Path | None,
    *,
    paced: bool,
) -> Counts:
    """Publish until the records end, or somebody asks this process to."""
    stop = Event()
    pace = at_their_pace(stop.wait if paced else lambda _: stop.is_set())
    with (
        _signals_to(stop),
        journal.open("w", encoding="utf-8") if journal else nullcontext() as file,
        hands as producer,
    ):
        return publish(sent, producer, pace, file)


@contextmanager
def _signals_to(stop: Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set the event, so that what was sent is also counted."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
