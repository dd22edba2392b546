from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import PARTITION, entry, log, pin, receipt, rewrite
from support.rows import NOW

from jobs.reconcile.ledger import Ledger
from schemas.retention import FORTNIGHT
from storage.log import LogEntry

EU = "stored/eu"
OUTCOMES = ("stored/eu", "stored/us", "rejected/why", "withheld/no consent", "expired")

records = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=30)


@st.composite
def logs(draw: st.DrawFn) -> list[LogEntry]:
    outcomes = draw(records)
    inner = draw(st.sets(st.integers(1, len(outcomes)), max_size=6))
    return log(outcomes, sorted(inner | {len(outcomes)}), outcome=EU)


def breaches(entries: list[LogEntry]) -> list[str]:
    return list(map(str, Ledger.read("there", EU, entries).breaches))


@given(logs())
def test_a_log_whose_spans_tile_is_sound(entries: list[LogEntry]) -> None:
    ledger = Ledger.read("there", EU, entries)
    assert not ledger.breaches
    assert ledger.begins == {PARTITION: -1}
    rows = sum(file.rows for one in entries for file in one.added)
    assert sum(held.file.rows for held in ledger.live.values()) == rows


@given(logs(), st.data())
def test_a_span_that_is_missing_or_comes_again_is_named(
    entries: list[LogEntry], data: st.DataObject
) -> None:
    chosen = data.draw(st.integers(1, len(entries) - 1))
    again = [*entries, replace(entries[chosen], version=99)]
    assert "log entry 99: fleet.telemetry:0: an overlap" in breaches(again)[0]
    if chosen < len(entries) - 1:
        without = entries[:chosen] + entries[chosen + 1 :]
        span = entries[chosen].receipt.spans[0].span  # type: ignore[union-attr]
        assert f"a gap, {span.first} to {span.last}" in breaches(without)[0]


@given(logs())
def test_a_log_that_was_cleaned_is_sound_from_its_first_entry_on(entries: list[LogEntry]) -> None:
    kept = [replace(one, version=one.version + 7) for one in entries[1:]]
    assert not breaches(kept)
    assert breaches([replace(one, version=one.version - 1) for one in entries[1:]])


def test_a_partition_never_moves_without_a_receipt() -> None:
    outcomes = [EU] * 4
    entries = [*log(outcomes, [2], outcome=EU), pin(2, start=4)]
    assert breaches(entries) == [
        "there, log entry 2: fleet.telemetry:0 moves to 3 without a receipt"
    ]


def test_a_receipt_says_what_the_transaction_does() -> None:
    wrong = replace(
        entry(1, receipt([EU] * 4, 0, 2), outcome=EU), versions={PARTITION.application_id: 3}
    )
    assert "moves to 3, and the receipt ends at 2" in breaches([pin(), wrong])[0]
    stray = replace(wrong, versions={})
    assert "which the entry does not move" in breaches([pin(), stray])[0]


def test_files_receipts_and_spans_have_the_same_number_of_rows() -> None:
    span = receipt([EU] * 4, 0, 3)
    assert (
        "the files have 4 rows, its receipt 3"
        in breaches([pin(), entry(1, span, outcome=EU, rows=3)])[0]
    )
    made = entry(1, span, outcome=EU)
    fewer = replace(made, added=(replace(made.added[0], rows=3),))
    assert "the files have 3 rows" in breaches([pin(), fewer])[0]


def test_rows_come_with_a_receipt() -> None:
    made = replace(entry(1, receipt([EU] * 4, 0, 3), outcome=EU), receipt=None, versions={})
    assert "4 rows come without a receipt" in breaches([pin(), made])[0]


@pytest.mark.parametrize(
    ("reason", "rows", "sound"),
    [
        ("compact", 8, True),
        ("compact", 7, False),
        ("compact", 9, False),
        ("erase", 7, True),
        ("erase", 9, False),
        ("", 7, False),
    ],
)
def test_a_rewrite_keeps_the_rows_unless_its_reason_is_to_take_some(
    reason: str, rows: int, *, sound: bool
) -> None:
    entries = log([EU] * 8, [3, 8], outcome=EU)
    gone = [file for one in entries for file in one.added]
    ledger = Ledger.read("there", EU, [*entries, rewrite(3, gone, rows, reason=reason)])
    assert (not ledger.breaches) == sound
    assert ledger.taken == 8 - rows
    assert [held.origins for held in ledger.live.values()] == [{1, 2}]
    assert ledger.touched == (set() if rows == 8 else {1, 2})


@pytest.mark.parametrize(
    ("reason", "rows", "sound"),
    [("restrict", 2, True), ("restrict", 3, False), ("erase", 2, False)],
)
def test_rows_come_back_without_a_receipt_only_if_they_were_put_aside(
    reason: str, rows: int, *, sound: bool
) -> None:
    entries = log([EU] * 8, [8], outcome=EU)
    away = rewrite(2, entries[1].added, 6, reason="restrict")
    back = replace(rewrite(3, entries[1].added, rows, reason=reason), removed=())
    ledger = Ledger.read("there", EU, [*entries, away, back])
    assert (not ledger.breaches) == sound
    assert ledger.taken == 2 - rows


def test_what_is_dropped_before_its_hour_is_named() -> None:
    entries = log([EU] * 8, [8], outcome=EU)
    drop = rewrite(2, entries[1].added, 0, reason="expire")
    assert "dropped before their hour" in breaches([*entries, drop])[0]
    due = replace(drop, time=NOW + FORTNIGHT)
    assert not breaches([*entries, due])


def test_a_hole_lies_in_its_span() -> None:
    span = replace(receipt([EU] * 4, 0, 3), holes=((1, 4),))
    assert "a hole outside of its span" in breaches([pin(), entry(1, span, outcome=EU)])[0]


def test_applications_that_are_no_partitions_are_left_alone() -> None:
    other = replace(pin(), versions={"accepted/fleet.telemetry/AAAA/0": 7})
    assert Ledger.read("there", EU, [other]).begins == {}
