from datetime import datetime, timedelta
from pathlib import Path

from support.lake import Writer, empty
from support.rows import NOW, path_of, rows_of

from jobs.compact.horizon import IDLE, read_horizon
from schemas.lineage import Partition, Span
from schemas.retention import FORTNIGHT
from schemas.tables import DEAD_LETTERS, TELEMETRY, Table
from storage.lake import Destination
from storage.layout import object_key
from storage.parquet import describe, encode
from storage.receipts import Receipt, SpanReceipt

MINUTE = timedelta(minutes=1)
LATE = timedelta(days=9)


class Sink:
    """Commits rows of partitions as they were ingested."""

    def __init__(self, folder: Path, table: Table = TELEMETRY) -> None:
        self.destination = empty(folder, table)
        self.outcome = "rejected/not registered" if table is DEAD_LETTERS else "stored/eu"
        self._files = 0
        self._next = dict.fromkeys(range(3), 0)

    def commit(self, ingested: datetime, *numbers: int, outcome: str = "") -> None:
        table = self.destination.table
        rows = rows_of(table, 2, ingest_time=[ingested, ingested + MINUTE])
        self._files += 1
        path, data = path_of(self._files), encode(rows, table)
        self.destination.store.put(object_key(table.name, path), data)
        spans = [self._span(number, outcome or self.outcome) for number in numbers]
        versions = {span.partition.application_id: span.span.last for span in spans}
        self.destination.versions(versions)
        file = describe(rows, data, path, NOW)
        self.destination.append([file], versions, Receipt(tuple(spans), rows=2))

    def _span(self, number: int, outcome: str) -> SpanReceipt:
        first = self._next[number]
        self._next[number] += 1
        partition = Partition("fleet.telemetry", "AAAA", number)
        return SpanReceipt(partition, Span(first, first), 1, {outcome: 1})


def passed(destination: Destination, now: datetime) -> datetime:
    return read_horizon(destination, now, LATE).passed


def present(destination: Destination) -> datetime:
    """The store's time of the newest entry, in whole seconds: a folder's entries are put now."""
    log = destination.store.list(f"{destination.table.name}/_delta_log/")
    return max(info.modified for info in log).replace(microsecond=0)


def test_the_slowest_partition_says_what_is_over(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    now = present(sink.destination) + MINUTE
    sink.commit(now - 60 * MINUTE, 0, 1)
    sink.commit(now - 30 * MINUTE, 0)
    assert passed(sink.destination, now) == now - 60 * MINUTE
    sink.commit(now - 20 * MINUTE, 1)
    assert passed(sink.destination, now) == now - 30 * MINUTE


def test_a_partition_that_stored_nothing_says_nothing(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    now = present(sink.destination) + MINUTE
    assert passed(sink.destination, now) == now
    sink.commit(now - 40 * MINUTE, 0)
    sink.commit(now - 10 * MINUTE, 0, outcome="withheld/consent")
    sink.commit(now - 10 * MINUTE, 0, outcome="stored/us")
    assert passed(sink.destination, now) == now - 40 * MINUTE


def test_a_partition_that_is_silent_for_a_day_holds_nothing_up(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    now = present(sink.destination) + MINUTE
    sink.commit(now - 40 * MINUTE, 0)
    later = now + IDLE + 5 * MINUTE
    assert passed(sink.destination, later) == later


def test_dead_letters_are_rejected_records(tmp_path: Path) -> None:
    sink = Sink(tmp_path, DEAD_LETTERS)
    now = present(sink.destination) + MINUTE
    sink.commit(now - 40 * MINUTE, 0)
    assert passed(sink.destination, now) == now - 40 * MINUTE


def test_what_was_compacted_says_nothing_of_partitions(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    now = present(sink.destination) + MINUTE
    sink.commit(now - 40 * MINUTE, 0)
    writer = Writer(sink.destination)
    new = writer.put(NOW + FORTNIGHT)
    sink.destination.replace(sink.destination.live(), [new], reason="compact", now=now)
    assert passed(sink.destination, now) == now - 40 * MINUTE
