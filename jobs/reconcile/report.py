"""All destinations together: a line a partition, and every breach."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.reconcile.agreement import compare
from jobs.reconcile.ledger import Breach, Ledger
from jobs.reconcile.rows import Content, Rows, check_once, check_rows, gather, read_files
from jobs.reconcile.tiles import IN_HOLES, RECORDS, Tiles
from schemas.errors import IntegrityError, StoreUnavailableError
from schemas.lineage import Partition
from schemas.tables import DEAD_LETTERS, STREAMED
from storage.lake import Destination
from storage.layout import DataPath

_TRIES = 20
"""A file may be taken away between the log and its reading: then the log is read again."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one partition's records, as far as every destination has come.

    Attributes:
        first: The first offset that the logs, as far as they are kept, speak of.
        last: The last offset that every destination holds.
        ahead: Offsets that some destination holds beyond it: a flush in flight, or a crash.
        endings: stored/eu, rejected, withheld, expired, elsewhere -> records.
        holes: First and last offset of each stretch that retention took before it was read.
    """

    partition: Partition
    first: int
    last: int
    ahead: int
    records: int
    endings: Mapping[str, int]
    holes: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Report:
    """What was found.

    Attributes:
        rows: Rows that were looked at.
    """

    lines: list[Line] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A destination as it was read."""

    table: str
    ledger: Ledger
    rows: Rows | None


def reconcile(destinations: Iterable[Destination], *, with_rows: bool = True) -> Report:
    """Prove coverage of every topic; safe while workers and jobs go on.

    Args:
        destinations: All of the regions that one group of workers serves.
        with_rows: Open the files too, not only the logs.

    Raises:
        RetryableError: A store gave no answer: nothing is proven.
    """
    report = Report()
    seen = []
    for destination in destinations:
        try:
            seen.append(_look(destination, with_rows=with_rows))
        except IntegrityError as error:
            report.breaches.append(Breach(str(destination), str(error)))
    for one in seen:
        report.breaches += one.ledger.breaches
        if one.rows:
            report.breaches += check_rows(one.ledger, one.rows)
            report.rows += sum(map(len, one.rows.offsets.values()))
    for partition in sorted({p for one in seen for p in one.ledger.begins}):
        _put_together(report, partition, seen)
    return report


def _put_together(report: Report, partition: Partition, seen: Sequence[_Seen]) -> None:
    table = STREAMED.get(partition.topic, DEAD_LETTERS)
    mine = [one for one in seen if one.table in {table.name, DEAD_LETTERS.name}]
    known = [one.ledger for one in mine if partition in one.ledger.begins]
    if any(ledger.tiles.get(partition) for ledger in known):
        report.breaches += [
            Breach(one.ledger.name, f"nothing is known of {partition}")
            for one in mine
            if one.ledger not in known and one.ledger.is_whole
        ]
    report.breaches += compare(partition, known)
    places = {one.ledger.name: one.rows for one in mine if one.rows}
    report.breaches += check_once(partition, places)
    report.lines.append(_line(partition, known))


def _line(partition: Partition, known: Sequence[Ledger]) -> Line:
    ends = {ledger.name: ledger.end(partition) or 0 for ledger in known}
    slowest = min(known, key=lambda ledger: ends[ledger.name])
    tiles = slowest.tiles.get(partition, Tiles())
    counts = Counter(tiles.totals())
    records = counts.pop(RECORDS, 0)
    del counts[IN_HOLES]
    endings: Counter[str] = Counter()
    for how, count in counts.items():
        endings[how if how.startswith("stored/") else how.split("/")[0]] += count
    return Line(
        partition,
        slowest.begins[partition] + 1,
        ends[slowest.name],
        max(ends.values()) - ends[slowest.name],
        records,
        endings,
        tuple(tiles.holes),
    )


def _look(destination: Destination, *, with_rows: bool) -> _Seen:
    ledger, name = _read_ledger(destination), destination.table.name
    if not with_rows:
        return _Seen(name, ledger, None)
    contents: dict[DataPath, Content] = {}
    for _ in range(_TRIES):
        unread = [held.file for path, held in ledger.live.items() if path not in contents]
        contents |= read_files(destination, unread)
        rows = gather({path: contents[path] for path in ledger.live})
        if not rows.lost:
            return _Seen(name, ledger, rows)
        again = _read_ledger(destination)
        if rows.lost.keys() & again.live.keys():
            return _Seen(name, ledger, rows)
        ledger = again
    raise StoreUnavailableError(f"{destination}: its files change too fast")


def _read_ledger(destination: Destination) -> Ledger:
    is_letters = destination.table is DEAD_LETTERS
    outcome = "rejected/" if is_letters else f"stored/{destination.region}"
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            return Ledger.read(str(destination), outcome, destination.entries())
        except KeyError as error:  # the log is being cleaned
            if last:
                raise StoreUnavailableError(f"{destination}: its log changes") from error
    raise AssertionError
