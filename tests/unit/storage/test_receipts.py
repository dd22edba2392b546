from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lineage import Partition, Span
from storage.receipts import Receipt, SpanReceipt

NAMES = st.text("abc -", min_size=1, max_size=8)
COUNTS = st.integers(0, 2**40)
ENDINGS = st.sampled_from(["stored", "rejected", "withheld", "elsewhere"])
OUTCOMES = st.dictionaries(
    st.one_of(st.just("expired"), st.tuples(ENDINGS, NAMES).map("/".join)), COUNTS
)
SPAN = Span(0, 9)
SPANS = st.tuples(COUNTS, COUNTS).map(lambda pair: Span(*sorted(pair)))


def span_receipt(
    outcomes: Mapping[str, int],
    *,
    number: int = 3,
    span: Span = SPAN,
    vendors: Mapping[str, int] | None = None,
    holes: list[tuple[int, int]] | None = None,
) -> SpanReceipt:
    return SpanReceipt(
        partition=Partition("fleet.telemetry", "iWaM0rMcSTeoqbKZkS4qVQ", number),
        span=span,
        records=sum(outcomes.values()),
        outcomes=outcomes,
        vendors=vendors or {},
        registry_offset=17,
        holes=tuple(holes or ()),
    )


SPAN_RECEIPTS = st.builds(
    span_receipt,
    OUTCOMES,
    number=st.integers(0, 999),
    span=SPANS,
    vendors=st.dictionaries(NAMES, COUNTS),
    holes=st.lists(st.tuples(COUNTS, COUNTS)),
)
RECEIPTS = st.builds(
    Receipt,
    spans=st.lists(SPAN_RECEIPTS, max_size=4).map(tuple),
    policies=st.dictionaries(NAMES, NAMES),
    key_version=COUNTS,
    routing_version=COUNTS,
    worker=NAMES,
    rows=COUNTS,
)


@given(RECEIPTS)
def test_a_receipt_is_read_back_as_it_was_written(receipt: Receipt) -> None:
    assert Receipt.parse(receipt.format()) == receipt


@given(st.permutations(["stored/eu", "stored/us", "rejected/too big", "expired"]))
def test_equal_receipts_give_equal_text(order: list[str]) -> None:
    receipts = [Receipt((span_receipt(dict.fromkeys(names, 2)),)) for names in (order, order[::-1])]
    assert receipts[0].format() == receipts[1].format()


def test_outcomes_that_do_not_sum_to_the_records_are_refused() -> None:
    with pytest.raises(ValueError, match="sum"):
        SpanReceipt(Partition("t", "i", 0), Span(0, 1), records=2, outcomes={"stored/eu": 1})


@pytest.mark.parametrize("outcome", ["lost", "stored", "stored/", "expired/eu", ""])
def test_an_outcome_that_the_design_does_not_know_is_refused(outcome: str) -> None:
    with pytest.raises(ValueError, match="outcome"):
        span_receipt({outcome: 1})


def test_records_are_counted_over_all_reasons() -> None:
    receipt = span_receipt({"rejected/a": 1, "rejected/b": 2, "stored/eu": 4})
    assert (receipt.count("rejected"), receipt.count("stored"), receipt.count("expired")) == (
        3,
        4,
        0,
    )


def test_text_whose_counts_do_not_add_up_is_not_a_receipt() -> None:
    text = Receipt((span_receipt({"stored/eu": 5}),)).format().replace('"records":5', '"records":6')
    with pytest.raises(ValueError, match="sum"):
        Receipt.parse(text)
