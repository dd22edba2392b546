"""Rows <-> the bytes of a Parquet file: how every file of a table is written, also when rewritten.

Sorted as the table says and saying so, zstd, page index, page checksums, Bloom filters on the
pseudonyms, the declared schema with units, purposes and privacy classes. Whoever rewrites a file
decodes it, keeps the rows that stay, and encodes them again: the properties come from the table, so
none can be forgotten.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from schemas.privacy import Privacy, columns_with, privacy_of
from schemas.references import REFERENCE, joined_table, resolved_table
from schemas.tables import Table
from storage.layout import DataPath
from storage.log import BOUNDED, Bound, DataFile
from storage.tiles import compacted

FALSE_POSITIVES = 0.01
"""Of a Bloom filter: 10 bits a pseudonym."""

CODEC_TABLE = "fortnight.tiles"
"""Key of a file's metadata: SHA-256 of the context codec's table, where its tiles need one."""

_ROWS_A_GROUP = 2**20
_CELLS_A_GROUP = 2**15
"""A row group of raw tiles is 128 MiB once decoded."""

_KEY_BITS = 63
"""Sort keys that together fit a positive int64 are sorted as one number."""


def encode(rows: pa.Table | pa.RecordBatch, table: Table) -> bytes:
    """Write rows as one file of a table.

    Deterministic; faster where text columns come dictionary-encoded, and large values by reference.

    Args:
        rows: At least one, in any order; the columns of `table.schema`.
        table: Which; says order, compression and classes.

    Raises:
        ValueError: The columns are others than the table's, or there is no row.
        IntegrityError: Compacted tiles without the chunk that holds their cells, or a part of
            those of a device.
    """
    if rows.schema.names != table.schema.names or not rows.num_rows:
        raise ValueError(f"{table.name}: no rows, or other columns than the table's")
    return _write(in_order(rows, table), table)


def in_order(rows: pa.Table | pa.RecordBatch, table: Table) -> pa.Table:
    """Rows in the order of the table's files, text as dictionaries; equal keys keep theirs."""
    compact = _compact(rows, table.schema)
    return compact.take(pa.array(_order([compact[name] for name in table.sort])))


def decode(data: bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """Read rows back, in the order and with the schema that they were written in.

    Args:
        data: A whole file.
        columns: Names of those wanted; None for all.

    Raises:
        IntegrityError: The bytes are no such file, or a page was changed since (every page has a
            checksum; Parquet's footer has none, there S3's own must do).
    """
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            rows = file.read(None if columns is None else list(columns))
    except (pa.ArrowException, OSError, ValueError):
        raise IntegrityError("not the bytes of a data file") from None
    return rows.replace_schema_metadata(None)


def describe(
    rows: pa.Table | pa.RecordBatch, data: bytes, path: DataPath, put: datetime
) -> DataFile:
    """What the log must know of a file.

    Args:
        rows: Those in it, in any order.
        data: Its bytes.
        path: Where it lies.
        put: When it was put.
    """
    return DataFile(path, len(data), rows.num_rows, put, bounds(rows))


def bounds(rows: pa.Table | pa.RecordBatch) -> Mapping[str, tuple[Bound, Bound]]:
    """Smallest and largest value of the columns that may be told of."""
    found = {name: pc.min_max(rows[name]).as_py() for name in BOUNDED if name in rows.schema.names}
    return {name: (one["min"], one["max"]) for name, one in found.items() if one["min"] is not None}


def _compact(rows: pa.Table | pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    """Text as dictionaries, so that sorting and writing handle small integers."""
    whole = joined_table(pa.table(rows)).unify_dictionaries().combine_chunks()
    columns = [_compacted(whole[f.name], f.type) for f in schema]
    return pa.Table.from_arrays(columns, names=schema.names)


def _codec(rows: pa.Table) -> Mapping[str, str]:
    """Which table compacted tiles were coded with, also where a file of them is rewritten."""
    digest = compacted.check_rows(rows) if "cells" in rows.schema.names else None
    return {} if digest is None else {CODEC_TABLE: digest}


def _compacted(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if values.type == REFERENCE:
        return values
    if not pa.types.is_string(kind):
        return values.cast(kind)
    return _only_used(values) if pa.types.is_dictionary(values.type) else values.dictionary_encode()


def _only_used(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without dictionary entries that no row has: a page would keep a pseudonym that was erased."""
    whole = values.combine_chunks()
    words, n = whole.dictionary, len(whole.dictionary)
    places: NDArray[np.int32] = whole.indices.fill_null(n).to_numpy()  # n stands for null
    is_used = np.bincount(places, minlength=n + 1)[:n] > 0
    if is_used.all():
        return values
    codes = np.append(np.cumsum(is_used) - 1, 0).astype(np.int32)[places]
    indices = pa.array(codes, mask=places == n)
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(indices, words.filter(pa.array(is_used)))]
    )


def _order(keys: Sequence[pa.ChunkedArray]) -> NDArray[np.int64]:
    """(n,) int64, the stable order of rows by their keys; nulls come last."""
    codes = [_codes(key.combine_chunks()) for key in keys]
    codes.append(np.arange(len(codes[0])))
    widths = [int(code.max(initial=0)).bit_length() for code in codes]
    if sum(widths) > _KEY_BITS:
        return np.lexsort(codes[::-1])
    packed = codes[0]
    for code, width in zip(codes[1:], widths[1:], strict=True):
        packed = (packed << width) | code
    return np.sort(packed) & ((1 << widths[-1]) - 1)  # numbers sort faster than indirectly


def _codes(key: pa.Array) -> NDArray[np.int64]:
    """(n,) int64 from zero that are ordered as the values are."""
    if pa.types.is_dictionary(key.type):
        ranks = pc.rank(key.dictionary, tiebreaker="dense").to_numpy().astype(np.int64)
        places: NDArray[np.int32] = key.indices.fill_null(len(ranks)).to_numpy()
        return np.append(ranks - 1, len(ranks))[places]
    numbers = key.cast(pa.int64())
    span = pc.min_max(numbers).as_py()
    low, high = span["min"] or 0, span["max"] or 0
    values: NDArray[np.int64] = numbers.fill_null(high + 1).to_numpy()
    return values - low


def _write(rows: pa.Table, table: Table) -> bytes:
    schema = table.schema
    whole = resolved_table(rows)
    sink = io.BytesIO()
    writer = pq.ParquetWriter(
        sink,
        whole.schema,
        compression="zstd",
        compression_level=table.zstd_level,
        use_dictionary=_repetitive(table),
        column_encoding=_encodings(table),
        write_statistics=[n for n in schema.names if n in table.sort or n in BOUNDED],
        write_page_index=True,
        write_page_checksum=True,
        bloom_filter_options=_bloom_filters(rows, schema),
        sorting_columns=pq.SortingColumn.from_ordering(whole.schema, [*_ascending(table)]),
        store_schema=False,
    )
    with writer:
        writer.write_table(whole, row_group_size=_group_size(schema))
        # The declared schema, not that of the dictionaries that made writing fast.
        writer.add_key_value_metadata({"ARROW:schema": _serialised(schema), **_codec(rows)})
    return sink.getvalue()


def _ascending(table: Table) -> list[tuple[str, str]]:
    return [(name, "ascending") for name in table.sort]


def _bloom_filters(rows: pa.Table, schema: pa.Schema) -> dict[str, dict[str, float]]:
    distinct = {n: _distinct(rows[n]) for n in columns_with(schema, Privacy.PSEUDONYM)}
    return {name: {"ndv": n, "fpp": FALSE_POSITIVES} for name, n in distinct.items()}


def _distinct(column: pa.ChunkedArray) -> int:
    return max(1, sum(len(chunk.dictionary) for chunk in column.chunks))


def _repetitive(table: Table) -> list[str]:
    return [f.name for f in table.schema if f.name not in _encodings(table) and _repeats(f.type)]


def _repeats(kind: pa.DataType) -> bool:
    return not (pa.types.is_binary(kind) or pa.types.is_boolean(kind))


def _encodings(table: Table) -> dict[str, str]:
    encodings = {}
    for f in table.schema:
        if pa.types.is_timestamp(f.type) or f.type in (pa.int32(), pa.int64()):
            encodings[f.name] = "DELTA_BINARY_PACKED"
        elif pa.types.is_floating(f.type) and privacy_of(f) is not Privacy.GENERALISED:
            encodings[f.name] = "BYTE_STREAM_SPLIT"
    return encodings


def _group_size(schema: pa.Schema) -> int:
    return _CELLS_A_GROUP if any(map(pa.types.is_binary, schema.types)) else _ROWS_A_GROUP


def _serialised(schema: pa.Schema) -> bytes:
    return base64.b64encode(schema.serialize().to_pybytes())
