"""`fortnight compact`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from jobs import compact as compaction
from jobs.cli.rounds import DryRun, Every, Part, run
from jobs.cli.settings import settings
from schemas.settings import Settings
from storage.lake import Destination
from storage.places import open_lake, open_stores

app = typer.Typer()

Share = Annotated[
    str, typer.Option("--shard", help="This machine's share of the folders, as in 2/3.")
]


@app.command()
def compact(*, shard: Share = "1/1", dry_run: DryRun = False, every: Every = 0) -> None:
    """Make few large files of an hour's many, and pack its map tiles; the rows stay as they are."""
    chosen = settings()
    share = compaction.Shard.parse(shard)
    run(lambda: _parts(chosen, share, dry_run=dry_run), every)


def _parts(chosen: Settings, share: compaction.Shard, *, dry_run: bool) -> Iterator[Part]:
    one = _look if dry_run else _compact
    for destination in open_lake(open_stores(chosen), chosen).values():
        yield partial(one, destination, chosen, share)


def _look(destination: Destination, chosen: Settings, share: compaction.Shard) -> bool:
    tasks = compaction.look(destination, _clock(), chosen.late_window, share)
    for task in tasks:
        place = "/".join(f"{name}={value}" for name, value in task.place.partition.items())
        what = f"{len(task.files)} files ({task.rows} rows, {task.size} bytes)"
        typer.echo(f"{destination}: rewrite {what} of {place}: {task.why}")
    if not tasks:
        typer.echo(f"{destination}: nothing to compact")
    return True


def _compact(destination: Destination, chosen: Settings, share: compaction.Shard) -> bool:
    report = compaction.compact(destination, _clock, chosen.late_window, share)
    if not report.tasks and not report.refused:
        typer.echo(f"{destination}: nothing to compact")
        return True
    rows = sum(task.rows for task in report.tasks)
    size = sum(task.size for task in report.tasks)
    files = sum(len(task.files) for task in report.tasks)
    before, after = f"{files} files ({size} bytes)", f"{report.files} ({report.size} bytes)"
    again = f"; {report.refused} commits were refused, and made again" if report.refused else ""
    typer.echo(f"{destination}: {rows} rows: {before} became {after}{again}")
    return True


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
