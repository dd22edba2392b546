"""`fortnight dead-letters`."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

import typer

from jobs import dead_letters, replay
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import By, office_of, tell
from jobs.cli.settings import settings
from jobs.dead_letters import DeadLetter, Selection
from jobs.kafka import KafkaRecord
from schemas.acts import Ground
from schemas.errors import SettingsError
from schemas.lineage import Position
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from storage.places import open_lake, open_stores

app = typer.Typer()
_dead_letters = typer.Typer(
    help="Rejected records: what, why, where; sending them again, going on behind them."
)
app.add_typer(_dead_letters, name="dead-letters")

Topic = Annotated[str, typer.Option(help="Only of this topic.")]
Reason = Annotated[str, typer.Option(help="Only with this in their reason.")]
Since = Annotated[datetime | None, typer.Option(help="Only ingested then or later, UTC.")]
Until = Annotated[datetime | None, typer.Option(help="Only ingested before, UTC.")]
Place = Annotated[str, typer.Argument(metavar="TOPIC:PARTITION@OFFSET")]


@_dead_letters.command("list")
def list_(
    *,
    topic: Topic = "",
    reason: Reason = "",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(help="Show at most this many, the latest.", min=0)] = 50,
) -> None:
    """Show what was rejected, where and why, and how much for each reason."""
    selection = Selection(topic, reason, _utc(since), _utc(until))
    letters = dead_letters.read(_destination(settings()), selection)
    for letter in letters[max(0, len(letters) - limit) :]:
        typer.echo(f"{letter.ingest_time:%Y-%m-%d %H:%M:%S}  {letter.position}  {letter.reason}")
    counts = Counter((one.position.partition.topic, one.reason) for one in letters)
    for (name, why), count in counts.most_common():
        typer.echo(f"{count:>10}  {name}: {why}")
    typer.echo(f"{len(letters):>10}  dead letters")


@_dead_letters.command()
def show(
    place: Place,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="The contents too; that is told in the ledger first.")
    ] = False,
    by: By = "",
) -> None:
    """Show why a record was rejected, and of the record what names nobody."""
    chosen = settings()
    with cluster_of(chosen) as cluster:
        partition, offset = dead_letters.find_partition(cluster, place)
        if offset is None:
            raise SettingsError(f"{place}: which offset?")
        position = Position(partition, offset)
        record = cluster.record(position)
    letters = dead_letters.read(_destination(chosen), Selection(place=position))
    typer.echo(f"{position}")
    typer.echo(f"  reason: {letters[0].reason if letters else 'it is no dead letter'}")
    if record is None:
        typer.echo("  Kafka does not have it any more")
        return
    for what, words in dead_letters.describe(record):
        typer.echo(f"  {what}: {words}")
    if raw:
        officer = office_of(chosen, chosen.home_region, by)
        scope = {"record": str(position)}
        tell(officer.record(officer.act("dead-letters show", Ground.DEFECT, scope=scope)))
        _show_contents(record)


@_dead_letters.command("replay")
def replay_(
    *,
    topic: Topic = "",
    reason: Reason = "",
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="Each of them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what, and do nothing.")] = False,
) -> None:
    """Send rejected records to their topic again: none is lost, none is sent twice."""
    selection = Selection(topic, reason, _utc(since), _utc(until))
    if selection == Selection() and not everything:
        raise SettingsError("replay: say which (--topic, --reason, --since, --until) or --all")
    chosen = settings()
    letters = dead_letters.read(_destination(chosen), selection)
    with cluster_of(chosen) as cluster:
        if dry_run:
            _tell(replay.look(letters, cluster), "would be sent again")
        else:
            _tell(replay.replay(letters, cluster, chosen), "were sent again")


@_dead_letters.command()
def accept(
    partition: Annotated[str, typer.Argument(metavar="TOPIC:PARTITION")],
    *,
    until: Annotated[int, typer.Option(help="The last offset that is accepted.", min=0)],
    by: By = "",
) -> None:
    """Let workers go on behind many rejected records of a partition; told in the ledger."""
    chosen = settings()
    officer = office_of(chosen, chosen.home_region, by)
    officer.check()
    with cluster_of(chosen) as cluster:
        found, _ = dead_letters.find_partition(cluster, partition)
        end = cluster.ends(cluster.topics([found.topic])[found.topic])[found.number]
    accepted = dead_letters.accept(_destination(chosen), found, until=until, end=end)
    scope = {"partition": str(found), "until": str(accepted)}
    tell(officer.record(officer.act("dead-letters accept", Ground.DEFECT, scope=scope)))
    typer.echo(f"{found}: what is rejected up to {accepted} is accepted; start the workers again")


def _destination(chosen: Settings) -> Destination:
    return open_lake(open_stores(chosen), chosen)[DEAD_LETTERS.name, chosen.home_region]


def _utc(time: datetime | None) -> datetime | None:
    return time and time.replace(tzinfo=UTC)


def _tell(done: replay.Plan, verb: str) -> None:
    _count(done.send, verb)
    typer.echo(f"{done.sent_before:>10}  had been sent before")
    _count(done.gone, "are not in Kafka any more")


def _count(letters: tuple[DeadLetter, ...], verb: str) -> None:
    typer.echo(f"{len(letters):>10}  {verb}")
    for reason, count in Counter(letter.reason for letter in letters).most_common():
        typer.echo(f"{count:>10}    {reason}")


def _show_contents(record: KafkaRecord) -> None:
    typer.echo("what follows may name a device or a person: keep it nowhere", err=True)
    typer.echo(f"  record key: {record.key!r}")
    for name, value in record.headers:
        typer.echo(f"  header {name!r}: {value!r}")
    typer.echo(f"  value: {record.value!r}")
