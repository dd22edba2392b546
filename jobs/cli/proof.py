"""`fortnight lag` and `fortnight reconcile`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs import lag as lags
from jobs import reconcile as proofs
from jobs.cli.columns import print_table
from jobs.cli.kafka import cluster_of
from jobs.cli.settings import settings
from storage.places import open_lake, open_stores

app = typer.Typer()


@app.command()
def lag() -> None:
    """Show what waits to be durable, per topic and partition, in records and seconds."""
    chosen = settings()
    destinations = list(open_lake(open_stores(chosen), chosen).values())
    with cluster_of(chosen) as cluster:
        now = datetime.now(UTC)  # noqa: TID251 - a command's clock is the machine's
        found = lags.measure(cluster, destinations, group=chosen.group, now=now)
    heads = ("partition", "end", "group offset", "durable up to", "lag", "seconds")
    print_table(heads, [_lag_line(one) for one in found])
    oldest = max((one.age.total_seconds() for one in found), default=0.0)
    typer.echo(f"lag {sum(one.lag for one in found)} records, {oldest:.1f} seconds")


@app.command()
def reconcile(
    *,
    logs_only: Annotated[bool, typer.Option("--logs-only", help="Do not open the files.")] = False,
) -> None:
    """Prove that every record ended exactly once; status 1, and where, if one did not."""
    chosen = settings()
    destinations = open_lake(open_stores(chosen), chosen).values()
    report = proofs.reconcile(destinations, with_rows=not logs_only)
    heads = ("partition", "offsets", "records", *_ENDINGS, "ahead")
    print_table(heads, [_proof_line(line) for line in report.lines])
    for line in report.lines:
        for first, last in line.holes:
            typer.echo(f"{line.partition}@{first} to {last}: retention took them unread")
    for breach in report.breaches:
        typer.echo(f"BROKEN {breach}")
    if report.breaches:
        raise typer.Exit(1)
    records = sum(line.records for line in report.lines)
    looked = "the files were not opened" if logs_only else f"{report.rows} rows are what they say"
    typer.echo(f"{records} records ended exactly once by the receipts; {looked}")


_ENDINGS = ("stored", "rejected", "withheld", "expired", "elsewhere")


def _lag_line(one: lags.Waiting) -> Sequence[str]:
    group = "-" if one.group_offset is None else str(one.group_offset)
    durable = "-" if one.next_offset is None else str(one.next_offset)
    seconds = f"{one.age.total_seconds():.1f}"
    return str(one.partition), str(one.end), group, durable, str(one.lag), seconds


def _proof_line(line: proofs.Line) -> Sequence[str]:
    offsets = f"{line.first}-{line.last}" if line.last >= line.first else "none"
    counts = [_count(line, ending) for ending in _ENDINGS]
    return str(line.partition), offsets, str(line.records), *counts, str(line.ahead)


def _count(line: proofs.Line, ending: str) -> str:
    """`12`, or by region: `7 eu 5 us`."""
    mine = {how: n for how, n in sorted(line.endings.items()) if how.split("/")[0] == ending}
    words = [f"{n} {how.partition('/')[2]}".rstrip() for how, n in mine.items()]
    return " ".join(words) or "0"
