import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.lineage import Partition, Span

names = st.text(st.characters(categories=("L", "N"), include_characters=".-_"), min_size=1)


@given(names, names, st.integers(0, 10**6))
def test_an_application_id_reads_back(topic: str, topic_id: str, number: int) -> None:
    partition = Partition(topic, topic_id, number)
    assert Partition.parse(partition.application_id) == partition


@pytest.mark.parametrize("text", ["", "a/b", "a/b/c", "a/b/1/2", "accepted/a/b/x"])
def test_what_is_no_application_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an application id"):
        Partition.parse(text)


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (4, 3)])
def test_a_span_holds_at_least_one_offset(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="at least one offset"):
        Span(first, last)
