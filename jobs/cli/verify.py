"""`fortnight verify`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from jobs.cli.drill import drill_all
from jobs.cli.settings import environment, settings
from jobs.verify import Scene
from jobs.verify import verify as prove
from jobs.verify.opening import scene_of, signing_key
from jobs.verify.report.document import Previous, document, sealed
from jobs.verify.report.page import page
from jobs.verify.report.terminal import figures, lines
from jobs.verify.sample import Sampling
from jobs.verify.self_test import self_test
from schemas.errors import FortnightError, SettingsError

app = typer.Typer()


@app.command()
def verify(  # noqa: PLR0913 - a command's options
    *,
    region: Annotated[str, typer.Option(help="Only this region's buckets.")] = "",
    seed: Annotated[int, typer.Option(help="Draws the same sample again.")] = 0,
    deep: Annotated[bool, typer.Option("--deep", help="Open every file.")] = False,
    json: Annotated[
        Path | None,
        typer.Option(help="Write the signed report there; one that is there is kept beside it."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the page there, for auditors.")] = None,
    without_kafka: Annotated[
        bool, typer.Option("--without-kafka", help="Look at buckets alone, or at copies of them.")
    ] = False,
    drill: Annotated[
        bool,
        typer.Option("--drill", help="Before, let canaries use their rights; as an officer."),
    ] = False,
    test: Annotated[
        bool,
        typer.Option("--self-test", help="Plant violations in a scratch prefix, and find them."),
    ] = False,
) -> None:
    """Prove every clause of every policy against what is stored; status 1 where one is broken."""
    chosen = settings()
    if drill:
        _drill(_served(region))
    now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
    with scene_of(
        chosen,
        environment(),
        now=now,
        region=_served(region),
        sampling=Sampling(seed, deep=deep),
        with_kafka=not (without_kafka or test),
    ) as scene:
        if test:
            _self_test(scene)
            return
        with _progress() as progress:
            outcome = prove(scene, progress)
    report = document(outcome, _previous(json))
    file = sealed(report, signing_key(chosen, environment()))
    if json is not None:
        json.write_bytes(file)
    if html is not None:
        html.write_text(page(report, msgspec.json.decode(file).get("signature")), "utf-8")
    for line in (*figures(report), *lines(outcome)):
        typer.echo(line)
    if outcome.broken:
        raise typer.Exit(1)


def _drill(region: str) -> None:
    """Drill, and go on whatever stopped that: the proof tells which drills are missing."""
    try:
        drill_all(region)
    except FortnightError as error:
        typer.echo(f"fortnight: no drill: {error}", err=True)


def _served(region: str) -> str:
    if region not in ("", *(place.region for place in settings().regions)):
        raise SettingsError("--region: it is not served")
    return region


def _self_test(scene: Scene) -> None:
    found = self_test(scene)
    for what, was_found in found.items():
        typer.echo(f"{'found' if was_found else 'NOT FOUND'}: {what}")
    if not all(found.values()):
        raise typer.Exit(1)


def _previous(file: Path | None) -> Previous:
    """The report that is there already; it is kept, under a name that tells its digest."""
    if file is None or not file.exists():
        return Previous()
    found = Previous.of(file.read_bytes())
    file.rename(file.with_name(f"{file.stem}-{found.digest[:12]}{file.suffix}"))
    return found


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Says what is being looked at, where somebody watches."""
    console = Console(stderr=True)
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console.status("looking") as status:
        yield lambda what: status.update(what, spinner="dots")
