"""A row as one number: SHA-256 over its values, however its file was encoded or compressed."""

import pyarrow as pa

from schemas.canonical import canonical_json, digest

_AS_NUMBERS = {pa.float32(): pa.int32(), pa.float64(): pa.int64()}
"""Fractions are taken bit by bit: nobody's law says how to write them."""


def row_hashes(rows: pa.Table) -> list[str]:
    """The hash of each row, 64 hex digits: equal exactly for rows with equal values.

    Args:
        rows: Of one table; of map tiles with raw cells (`storage.decoded.readable`), for packed
            ones of the same cells are other values.
    """
    columns = [_plain(rows[field.name]).to_pylist() for field in rows.schema]
    names = rows.schema.names
    return [
        digest(canonical_json(dict(zip(names, values, strict=True))))
        for values in zip(*columns, strict=True)
    ]


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values of which there is one text each."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        return values.cast(pa.int64())
    if kind in _AS_NUMBERS:
        whole = values.combine_chunks()
        return pa.chunked_array([whole.view(_AS_NUMBERS[kind])])
    return values
