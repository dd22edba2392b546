"""`fortnight watch`."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

import msgspec
import typer

from jobs import schedule
from jobs.cli.columns import print_table
from jobs.cli.kafka import cluster_of
from jobs.cli.settings import environment, settings
from jobs.watch import EVERY, FLUSHES, History, PartitionState, Serving, State, Watch, Watched
from jobs.watch.console.server import Console
from jobs.watch.verdict import Verdict
from schemas.settings import Settings
from storage.door import bearer_token
from storage.places import open_lake, open_stores

app = typer.Typer()

Port = Annotated[int, typer.Option("--port", help="For Prometheus: /metrics; 0 for any.")]
ConsolePort = Annotated[int, typer.Option("--console", help="Port of the console; 0 for any.")]
Host = Annotated[str, typer.Option("--host", help="Address of both.")]
Token = Annotated[str, typer.Option("--token", help="What both ask for: env:NAME or file:PATH.")]
Every = Annotated[float, typer.Option("--every", help="Seconds from look to look.", min=0.1)]
Once = Annotated[bool, typer.Option("--once", help="Look once, print, and end.")]
Json = Annotated[bool, typer.Option("--json", help="With --once: everything that is known.")]
Workers = Annotated[
    list[str] | None,
    typer.Option("--worker", help="URL of metrics, of every worker behind its name; any number."),
]

_EVERY = EVERY.total_seconds()

_HEADS = ("partition", "verdict", "end", "durable", "lag", "seconds", "owner")


@app.command()
def watch(  # noqa: PLR0913 - each is an option
    *,
    port: Port = 9321,
    console: ConsolePort = 9322,
    host: Host = "127.0.0.1",
    token: Token = "",
    every: Every = _EVERY,
    once: Once = False,
    json: Json = False,
    worker: Workers = None,
) -> None:
    """Watch lag, freshness and retention from outside; --once: status 1 on more than a warning."""
    chosen = settings()
    secret = bearer_token(token, environment())
    with closing(Watch(_watched(chosen, tuple(worker or ())))) as watching:
        if once:
            _print(watching.look(_now()), json=json)
            return
        history = History()
        with (
            closing(Serving(history, port, host, token=secret)) as served,
            Console(history, _now, host=host, port=console, token=secret) as page,
        ):
            typer.echo(f"console {page.url}, metrics http://{host}:{served.port}/metrics")
            schedule.repeat(
                lambda: history.append(watching.look(_now())),
                timedelta(seconds=every),
                on_failure=_say,
            )


def _watched(chosen: Settings, workers: tuple[str, ...]) -> Watched:
    return Watched(
        chosen.bootstrap_servers,
        partial(cluster_of, chosen),
        chosen.group,
        open_lake(open_stores(chosen), chosen),
        workers,
        FLUSHES * chosen.flush_period,
        bearer_token(chosen.metrics_token, environment()) if workers else "",
    )


def _print(state: State, *, json: bool) -> None:
    if json:
        typer.echo(msgspec.json.encode(state))
    else:
        print_table(_HEADS, [_line(one) for one in state.partitions])
        for problem in state.problems:
            page = f"docs/runbooks/{problem.runbook}.md"
            typer.echo(f"{problem.verdict.name} {problem.sentence} (see {page})")
    if state.verdict >= Verdict.ERR:
        raise typer.Exit(1)


def _line(one: PartitionState) -> Sequence[str]:
    durable = "-" if one.next_offset is None else str(one.next_offset)
    seconds = f"{one.lag_time.total_seconds():.1f}"
    return (
        str(one.partition),
        one.verdict.name,
        str(one.end),
        durable,
        str(one.lag),
        seconds,
        one.owner or "-",
    )


def _say(error: Exception) -> None:
    typer.echo(f"fortnight: {error}", err=True)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
