from hypothesis import given
from hypothesis import strategies as st
from support.ledgers import PARTITION, log

from jobs.reconcile.agreement import compare
from jobs.reconcile.ledger import Ledger

OUTCOMES = ("stored/eu", "stored/us", "rejected/why", "withheld/no consent", "expired")

records = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=30)


def ledger(name: str, outcomes: list[str], cuts: set[int]) -> Ledger:
    outcome = f"stored/{name}"
    return Ledger.read(name, outcome, log(outcomes, sorted(cuts), outcome=outcome))


@st.composite
def split_differently(draw: st.DrawFn) -> tuple[list[str], set[int], set[int]]:
    """Records, and where two destinations split them; both have at least one end in common."""
    outcomes = draw(records)
    cuts = st.sets(st.integers(1, len(outcomes)), max_size=6)
    common = draw(st.integers(1, len(outcomes)))
    return outcomes, draw(cuts) | {common}, draw(cuts) | {common}


@given(split_differently())
def test_destinations_that_split_the_same_records_differently_agree(
    case: tuple[list[str], set[int], set[int]],
) -> None:
    outcomes, one, other = case
    ledgers = [ledger("eu", outcomes, one), ledger("us", outcomes, other)]
    assert not list(compare(PARTITION, ledgers))


@given(split_differently(), st.data())
def test_a_record_that_ended_otherwise_elsewhere_is_found_between_common_ends(
    case: tuple[list[str], set[int], set[int]], data: st.DataObject
) -> None:
    outcomes, one, other = case
    reach = max(one & other)
    wrong = data.draw(st.integers(0, reach - 1))
    changed = list(outcomes)
    changed[wrong] = data.draw(st.sampled_from([o for o in OUTCOMES if o != outcomes[wrong]]))
    breaches = list(compare(PARTITION, [ledger("eu", outcomes, one), ledger("us", changed, other)]))
    assert len(breaches) == 1
    low, _, high = breaches[0].place.partition("@")[2].partition(" to ")
    assert int(low) <= wrong <= int(high)
    assert "eu and us disagree" in breaches[0].what


def test_a_destination_that_is_behind_is_compared_as_far_as_it_came() -> None:
    outcomes = ["stored/eu"] * 9
    ledgers = [ledger("eu", outcomes, {3, 9}), ledger("us", outcomes, {3})]
    assert not list(compare(PARTITION, ledgers))
