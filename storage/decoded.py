"""Map tiles as every reader sees them: raw cells, whichever tier a row lies in.

A chunk of the compacted tier holds all rows of a device in a file, so a filter cannot simply be
given to the file: first it says which devices have rows there at all, without the cells; then those
devices are read and decoded, some thousand rows at a time, and filtered.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from storage.parquet import CODEC_TABLE
from storage.tiles import compacted, decode_tiles, raw

DECODED_AT_ONCE = 1 << 15
"""Rows, 128 MiB of cells; a device that has more in one file is decoded in one go all the same.

Half as many at once take a third longer: the codec's steps cost much the same for few rows.
"""

_CODED = ("encoding", "cells")
"""Columns that decoding changes."""

_NEEDED = ("device", "map", "tile_y", "tile_x", "version", *_CODED)
"""Columns that decoding reads."""


def readable(rows: pa.Table) -> pa.Table:
    """Rows of `map_tiles` with raw cells, in their order.

    Args:
        rows: Of compacted tiles whole devices; any number of files' rows, one after the other.

    Raises:
        IntegrityError: Cells cannot be decoded.
    """
    if pc.all(pc.equal(rows["encoding"], raw.ENCODING)).as_py() is not False:
        return rows
    return _raw(rows, decode_tiles(rows))


def readable_at(rows: pa.Table, places: NDArray[np.int64]) -> pa.Table:
    """Some of the rows, with raw cells; soon where they are the newest versions of their tiles.

    Args:
        rows: As for `readable`.
        places: Which rows, ascending.

    Raises:
        IntegrityError: Cells cannot be decoded.
    """
    is_compacted = pc.all(pc.equal(rows["encoding"], compacted.ENCODING)).as_py()
    if not (is_compacted and np.isin(places, compacted.newest_rows(rows)).all()):
        return readable(rows).take(places)
    found, cells = compacted.decode_newest(rows)
    return _raw(rows.take(places), cells[np.searchsorted(found, places)])


class DecodedTiles(ds.Dataset):  # type: ignore[misc]  # pyarrow is untyped
    """`map_tiles` with its cells decoded, wherever a pyarrow dataset is taken."""

    def __init__(self, stored: ds.Dataset, *, at_once: int = DECODED_AT_ONCE) -> None:
        """Show a dataset of tiles as they are stored; so many rows are decoded at once."""
        self._stored = stored
        self._at_once = at_once

    @property
    def schema(self) -> pa.Schema:
        """The columns, as they are stored."""
        return self._stored.schema

    @property
    def partition_expression(self) -> pc.Expression:
        """What holds for every row."""
        return self._stored.partition_expression

    def get_fragments(self, filter: pc.Expression | None = None) -> Iterator[ds.Fragment]:  # noqa: A002 - pyarrow's name
        """The files that a filter leaves, with the cells as they are stored."""
        return self._stored.get_fragments(filter)  # type: ignore[no-any-return]

    def scanner(
        self,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,  # noqa: A002 - pyarrow's name
        **options: Any,  # noqa: ANN401 - handed on
    ) -> ds.Scanner:
        """Read; columns by name. Where cells are not asked for, no cells are read."""
        if not _touches_codes(columns, filter):
            return self._stored.scanner(columns=columns, filter=filter, **options)
        wanted = (*(self.schema.names if columns is None else columns), *_NEEDED)
        told = str(filter)  # a column that it only seems to name is read in vain, and no harm done
        fields = [one for one in self.schema if one.name in wanted or one.name in told]
        schema = pa.schema(fields)
        rows = self._rows(schema, filter)
        return ds.Scanner.from_batches(rows, schema=schema, columns=columns, filter=filter)

    def count_rows(self, filter: pc.Expression | None = None, **options: Any) -> int:  # noqa: A002, ANN401 - pyarrow's
        """How many rows there are; from the footers where there is no filter."""
        if _touches_codes([], filter):
            return super().count_rows(filter=filter, **options)  # type: ignore[no-any-return]
        return self._stored.count_rows(filter=filter, **options)  # type: ignore[no-any-return]

    def _rows(self, schema: pa.Schema, wanted: pc.Expression | None) -> Iterator[pa.RecordBatch]:
        stored = None if wanted is None or _touches_codes([], wanted) else wanted
        for fragment in self._stored.get_fragments(stored):
            rows = _read(fragment, self.schema, (schema.names, stored), self._at_once)
            yield from _decoded(rows, self._at_once)


def _touches_codes(columns: Sequence[str] | None, wanted: pc.Expression | None) -> bool:
    """Whether what decoding changes is asked for; a filter that only mentions it counts too."""
    text = "" if wanted is None else str(wanted)
    return columns is None or any(name in columns or name in text for name in _CODED)


def _read(
    fragment: ds.ParquetFileFragment,
    schema: pa.Schema,
    question: tuple[Sequence[str], pc.Expression | None],
    at_once: int,
) -> Iterator[pa.RecordBatch]:
    """Rows of a file that hold all that are wanted; of compacted tiles, whole devices."""
    names, wanted = question
    if wanted is not None and _is_compacted(fragment):
        devices = pc.unique(fragment.to_table(schema, columns=["device"], filter=wanted)["device"])
        if not len(devices):
            return
        bounds = pc.min_max(devices)  # what leaves row groups out
        device = pc.field("device")
        wanted = (device >= bounds["min"]) & (device <= bounds["max"]) & device.isin(devices)
    yield from fragment.to_batches(
        schema, columns=[*names], filter=wanted, batch_size=at_once, batch_readahead=2
    )


def _is_compacted(fragment: ds.ParquetFileFragment) -> bool:
    return CODEC_TABLE.encode() in (fragment.metadata.metadata or {})


def _decoded(batches: Iterable[pa.RecordBatch], at_once: int) -> Iterator[pa.RecordBatch]:
    """Decode rows as they come, whole chunks at a time."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= at_once:
            rows = pa.Table.from_batches(waiting)
            whole = _whole(rows)
            yield from readable(rows.slice(0, whole)).to_batches() if whole else ()
            waiting = rows.slice(whole).to_batches()
    if waiting:
        yield from readable(pa.Table.from_batches(waiting)).to_batches()


def _whole(rows: pa.Table) -> int:
    """How many rows come before the last chunk, which may go on."""
    if rows["encoding"][-1].as_py() == raw.ENCODING:
        return int(rows.num_rows)
    starts = compacted.chunk_starts(rows).nonzero()[0]
    return int(starts[-1]) if len(starts) else 0


def _raw(rows: pa.Table, cells: NDArray[np.uint8]) -> pa.Table:
    """Rows with these cells."""
    rows = _put(rows, "cells", raw.encode(cells))
    return _put(rows, "encoding", pa.repeat(raw.ENCODING, rows.num_rows))


def _put(rows: pa.Table, name: str, column: pa.Array) -> pa.Table:
    index = rows.schema.get_field_index(name)
    return rows.set_column(index, rows.schema.field(name), column)
