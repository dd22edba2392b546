from datetime import timedelta
from pathlib import Path

import pytest
from support.lake import PARTITION, Writer, empty
from support.rows import NOW

from jobs.oldest import oldest
from jobs.watch.places.table_log import TableLog
from schemas.lineage import Span
from schemas.retention import FORTNIGHT
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from storage.receipts import Receipt, SpanReceipt

NAME = PARTITION.application_id
HOUR = timedelta(hours=1)


@pytest.fixture
def table(tmp_path: Path) -> Destination:
    return empty(tmp_path)


def commit(
    destination: Destination, first: int, last: int, *, lost: int = 0, **outcomes: int
) -> None:
    """A sink's commit without rows, of a span that begins with a hole."""
    named = {f"rejected/{reason}": n for reason, n in outcomes.items()}
    kept = last - first + 1 - lost - sum(named.values())
    counts = {**named, "stored/us": kept}
    holes = ((first, first + lost - 1),) if lost else ()
    span = SpanReceipt(PARTITION, Span(first, last), sum(counts.values()), counts, holes=holes)
    destination.versions([NAME])
    destination.append([], {NAME: last}, Receipt((span,)))


def test_a_log_that_is_followed_says_what_one_that_is_opened_says(table: Destination) -> None:
    writer, followed = Writer(table), TableLog(table)
    for turn in range(4):
        writer.commit(writer.put(NOW + FORTNIGHT + turn * HOUR, rows=3 + turn))
        if turn == 2:
            table.drop(writer.files[:1], reason="expire", now=NOW)
        seen = followed.look([NAME], NOW)
        live = table.live()
        assert seen.version == table.version()
        assert seen.versions == table.versions([NAME])
        assert (seen.holdings.files, seen.holdings.rows) == (
            len(live),
            sum(file.rows for file in live),
        )
        assert seen.holdings.oldest == oldest(live)
        assert TableLog(table).look([NAME], NOW).holdings == seen.holdings


def test_a_partition_that_the_log_does_not_know_is_none(table: Destination) -> None:
    assert TableLog(table).look([NAME], NOW).versions == {NAME: None}


def test_what_should_be_gone_is_overdue_from_its_hour_on(table: Destination) -> None:
    writer = Writer(table)
    writer.commit(writer.put(NOW, rows=5), writer.put(NOW + 2 * HOUR))
    held = TableLog(table).look([], NOW).holdings
    early = NOW.replace(minute=0) - timedelta(seconds=1)
    assert (held.overdue(early).files, held.overdue(early).rows) == (0, 0)
    assert (held.overdue(NOW).files, held.overdue(NOW).rows) == (1, 5)


def test_holes_are_counted_and_spans_that_tile_are_no_breach(table: Destination) -> None:
    followed = TableLog(table)
    commit(table, 0, 9)
    assert followed.look([NAME], NOW).lost.get(NAME, 0) == 0
    commit(table, 10, 29, lost=7)
    commit(table, 30, 39)
    seen = followed.look([NAME], NOW)
    assert (seen.lost[NAME], seen.breaches) == (7, ())
    assert seen.moved[NAME] == seen.committed


def test_a_gap_between_receipts_is_a_breach_and_named(table: Destination) -> None:
    followed = TableLog(table)
    commit(table, 0, 9)
    followed.look([NAME], NOW)
    commit(table, 12, 19)
    (breach,) = followed.look([NAME], NOW).breaches
    assert breach.endswith("fleet.telemetry:0: a gap, 10 to 11")


def test_dead_letters_are_counted_by_topic_and_reason(tmp_path: Path) -> None:
    letters = empty(tmp_path, DEAD_LETTERS)
    followed = TableLog(letters)
    commit(letters, 0, 9)
    assert followed.look([], NOW).rejected == ()
    commit(letters, 10, 19, unknown=4)
    commit(letters, 20, 39, unknown=1, broken=11)
    entries = list(letters.entries())
    seen = followed.look([], entries[-1].time)
    assert {(one.topic, one.reason): one.records for one in seen.rejected} == {
        ("fleet.telemetry", "unknown"): 5,
        ("fleet.telemetry", "broken"): 11,
    }
    assert {one.reason: one.a_minute for one in seen.rejected} == {"unknown": 0.5, "broken": 1.1}
    (flood,) = seen.floods
    assert (flood.reason, flood.records, flood.share) == ("broken", 16, 16 / 40)
    assert followed.look([], entries[-1].time + timedelta(minutes=2)).floods == ()
    later = followed.look([], entries[-1].time + timedelta(minutes=11))
    assert {one.a_minute for one in later.rejected} == {0.0}
    assert [one.records for one in later.rejected] == [11, 5]
