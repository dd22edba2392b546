"""Large values by reference: rows are chosen, joined and put in order, and no value is copied.

A column of references is a dictionary of views (Arrow's `binary_view`): each row has the place of
its value. Copies at each step of a record are nearly all that a map tile costs otherwise. Any
number of columns may share their values' memory, which is free when the last of them is gone.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

REFERENCE = pa.dictionary(pa.int32(), pa.binary_view())

_VIEW = np.dtype("V16")
"""Of one value: how long it is, and where; a short one itself."""


def refer(values: pa.BinaryArray) -> pa.DictionaryArray:
    """A reference to each of the values, of which none is null; their memory is kept."""
    places = np.arange(len(values), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(places, values.cast(pa.binary_view()))


def replaced(
    column: pa.DictionaryArray, rows: NDArray[np.intp], values: pa.ChunkedArray
) -> pa.DictionaryArray:
    """The column, of which no row is null, with these binary values in these rows."""
    places = column.indices.to_numpy().copy()
    places[rows] = len(column.dictionary) + np.arange(len(rows))
    known = pa.concat_arrays([column.dictionary, *values.cast(pa.binary_view()).chunks])
    return pa.DictionaryArray.from_arrays(places, known)


def joined(columns: Sequence[pa.DictionaryArray]) -> pa.DictionaryArray:
    """At least one column of references, one below the other."""
    values = [one.dictionary for one in columns]
    starts = accumulate(map(len, values[:-1]), initial=0)
    places = [
        pc.add(one.indices, pa.scalar(start, pa.int32()))
        for one, start in zip(columns, starts, strict=True)
    ]
    return pa.DictionaryArray.from_arrays(pa.concat_arrays(places), pa.concat_arrays(values))


def joined_batches(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """The rows of at least one batch, all of the same columns, one below the other."""
    schema = batches[0].schema
    join = [joined if one.type == REFERENCE else pa.concat_arrays for one in schema]
    columns = zip(*(one.columns for one in batches), strict=True)
    arrays = [one(pieces) for one, pieces in zip(join, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def joined_table(rows: pa.Table) -> pa.Table:
    """The rows, each column of references in one piece."""
    return _changed(rows, lambda column: joined(column.chunks))


def resolved(column: pa.DictionaryArray) -> pa.Array:
    """A view of each row's value; null stays null."""
    known, places = column.dictionary, column.indices
    views = np.frombuffer(known.buffers()[1], _VIEW)[known.offset :][places.fill_null(0).to_numpy()]
    present = places.is_valid().buffers()[1] if places.null_count else None
    buffers = [present, pa.py_buffer(views), *known.buffers()[2:]]
    return pa.Array.from_buffers(pa.binary_view(), len(column), buffers)


def resolved_table(rows: pa.Table) -> pa.Table:
    """The rows, with views of the values in place of references."""
    return _changed(rows, lambda column: pa.chunked_array(map(resolved, column.chunks)))


def _changed(rows: pa.Table, change: Callable[[pa.ChunkedArray], object]) -> pa.Table:
    for place, field in enumerate(rows.schema):
        if field.type == REFERENCE:
            changed = change(rows.column(place))
            rows = rows.set_column(place, field.name, changed)
    return rows
