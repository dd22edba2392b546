import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from schemas.references import (
    joined,
    joined_batches,
    joined_table,
    refer,
    replaced,
    resolved,
    resolved_table,
)

VALUES = st.lists(st.binary(max_size=40), max_size=8)
NONE: st.SearchStrategy[list[int]] = st.just([])


def column(values: list[bytes]) -> pa.DictionaryArray:
    return refer(pa.array(values, pa.binary()))


@given(st.lists(VALUES, min_size=1, max_size=4), st.data())
def test_rows_that_are_joined_and_chosen_have_the_values_that_they_had(
    parts: list[list[bytes]], data: st.DataObject
) -> None:
    whole = [value for part in parts for value in part]
    chosen = data.draw(st.lists(st.sampled_from(range(len(whole))), max_size=9) if whole else NONE)
    found = resolved(joined([*map(column, parts)]).take(pa.array(chosen, pa.int64())))
    found.validate(full=True)
    assert found.to_pylist() == [whole[place] for place in chosen]


@given(VALUES, VALUES)
def test_values_are_replaced_where_it_was_asked_and_nowhere_else(
    before: list[bytes], after: list[bytes]
) -> None:
    after = after[: len(before)]
    rows = np.arange(len(before))[::-1][: len(after)]
    others = pa.chunked_array([pa.array(after, pa.binary())])
    expected = dict(enumerate(before)) | dict(zip(rows.tolist(), after, strict=True))
    found = resolved(replaced(column(before), rows, others))
    assert found.to_pylist() == [expected[place] for place in range(len(before))]


def test_null_stays_null() -> None:
    whole = column([b"a", b"b" * 40, b"c"])
    holed = pa.DictionaryArray.from_arrays(pa.array([2, None, 1], pa.int32()), whole.dictionary)
    assert resolved(joined([whole, holed])).to_pylist()[3:] == [b"c", None, b"b" * 40]


def test_a_slice_has_its_own_rows() -> None:
    whole = joined([column([b"a" * 40, b"b" * 40]), column([b"c"])])
    assert resolved(whole[1:]).to_pylist() == [b"b" * 40, b"c"]


def test_the_memory_of_a_value_is_that_of_what_was_referred_to() -> None:
    values = [pa.array([b"a" * 40, b"b" * 40]), pa.array([b"c" * 40])]
    found = resolved(joined([refer(one) for one in values])[1:])
    data = [one.buffers()[2].address for one in values]
    assert [buffer.address for buffer in found.buffers()[2:]] == data


def test_other_columns_are_joined_as_they_are() -> None:
    batch = pa.RecordBatch.from_pydict({"n": [1], "word": ["a"], "value": column([b"x"])})
    rows = joined_batches([batch, batch])
    assert rows.to_pylist() == 2 * batch.to_pylist()
    whole = resolved_table(joined_table(pa.Table.from_batches([batch, rows])))
    assert whole.column("value").num_chunks == 1
    assert whole.to_pylist() == 3 * batch.to_pylist()
