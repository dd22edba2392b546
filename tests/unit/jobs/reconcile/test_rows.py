import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import PARTITION, log, rewrite

from jobs.reconcile.ledger import Ledger
from jobs.reconcile.rows import Rows, check_once, check_rows

EU = "stored/eu"
OUTCOMES = (EU, "stored/us", "rejected/why")
KEY = (PARTITION.topic_id, PARTITION.number)

records = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=30)


def rows(*offsets: int) -> Rows:
    return Rows({KEY: np.sort(np.array(offsets, np.int64))} if offsets else {}, {})


def stored(outcomes: list[str]) -> list[int]:
    return [offset for offset, how in enumerate(outcomes) if how == EU]


def ledger(outcomes: list[str], *cuts: int) -> Ledger:
    ends = sorted({*cuts, len(outcomes)})
    return Ledger.read("there", EU, log(outcomes, ends, outcome=EU))


@given(records, st.sets(st.integers(1, 29), max_size=4), st.data())
def test_rows_are_the_ones_that_the_receipts_say_and_any_other_is_found(
    outcomes: list[str], cuts: set[int], data: st.DataObject
) -> None:
    made = ledger(outcomes, *(cut for cut in cuts if cut < len(outcomes)))
    right = stored(outcomes)
    assert not list(check_rows(made, rows(*right)))
    if right:
        gone = data.draw(st.sampled_from(right))
        found = list(check_rows(made, rows(*(one for one in right if one != gone))))
        assert found
        assert list(check_rows(made, rows(*right, gone)))
    stranger = data.draw(st.integers(0, 40).filter(lambda one: one not in right))
    assert list(check_rows(made, rows(*right, stranger)))


def test_a_span_with_fewer_rows_than_its_receipt_says_is_named() -> None:
    found = list(map(str, check_rows(ledger([EU] * 6, 3), rows(0, 1, 2, 3, 5))))
    assert found == [
        "there, fleet.telemetry:0@3 to 5: 2 rows are there, the receipt says 3",
        "there: 5 rows are there, the receipts say 6, of which 0 were taken away",
    ]


def test_rows_outside_of_every_span_are_named() -> None:
    found = list(map(str, check_rows(ledger([EU] * 3), rows(0, 1, 2, 7))))
    assert "there, fleet.telemetry:0: 1 rows lie outside of every span" in found


def test_rows_of_a_partition_that_no_receipt_names_are_found() -> None:
    strange = Rows({**rows(0, 1, 2).offsets, ("BBBB", 0): np.array([4])}, {})
    found = list(map(str, check_rows(ledger([EU] * 3), strange)))
    assert found == ["there: 1 rows of a partition that no receipt names"]


@pytest.mark.parametrize(("left", "sound"), [(3, True), (2, False), (4, False)])
def test_rows_that_were_taken_for_a_good_reason_are_excused_and_no_others(
    left: int, *, sound: bool
) -> None:
    entries = log([EU] * 6, [6], outcome=EU)
    erased = rewrite(2, entries[1].added, 3, reason="erase")
    made = Ledger.read("there", EU, [*entries, erased])
    assert (not list(check_rows(made, rows(*range(left))))) == sound


def test_a_cleaned_log_says_nothing_of_rows_before_it() -> None:
    entries = log([EU] * 6, [3, 6], outcome=EU)
    made = Ledger.read("there", EU, entries[2:])
    assert not made.breaches
    assert not list(check_rows(made, rows(1, 2, 3, 4, 5)))


def test_a_position_in_two_destinations_is_found() -> None:
    found = list(check_once(PARTITION, {"eu": rows(1, 2), "us": rows(2, 3), "uk": rows(5)}))
    assert list(map(str, found)) == ["fleet.telemetry:0@2: 1 positions are in eu and in us"]
