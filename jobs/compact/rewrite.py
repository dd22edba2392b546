"""Files of a folder -> the files that stand for them: the same rows, those of a device together.

Input is held as it is stored, and decoded some devices at a time. What comes out is compared with
what went in before anybody may commit it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pyarrow as pa

from jobs.compact.plan import FILE_BYTES, Task
from jobs.rewriting.offsets import add_up
from jobs.rewriting.source import Devices, Source, open_sources, slices
from jobs.rewriting.written import Written, write
from schemas.errors import IntegrityError
from schemas.tables import MAP_TILES
from storage.lake import Destination
from storage.parquet import in_order
from storage.tiles import compacted, decode_tiles

ROWS_A_FILE = 2**22
"""At most, for they are sorted in memory; some 150 bytes each."""

_KEY_BYTES = 6
"""Of a compacted tile's row, beside its chunk."""


def rewrite(
    destination: Destination, task: Task, now: datetime, *, at_once: int | None = None
) -> list[Written]:
    """Make and put the new files; nothing names them yet.

    Args:
        now: When they are put, UTC.
        at_once: Rows to be decoded together, or those of one device; None for what memory holds.

    Raises:
        ConflictError: A file is gone: plan again.
        IntegrityError: A file is damaged, or what came out is not what went in.
        RetryableError: The store gave no answer.
    """
    try:
        sources = open_sources(destination, task.files)
        written = []
        parts = slices(sources, destination.table, at_once)
        for rows in _merged(sources, parts, task):
            path = task.place.compacted(task.rewrites)
            written.append(write(destination, rows, path, now))
        _compare(sources, written, task)
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(
            f"{destination}: {task.place}, or one beside it, is damaged"
        ) from error
    return written


def _merged(sources: Sequence[Source], parts: Iterable[Devices], task: Task) -> Iterator[pa.Table]:
    """The rows of each new file, in order."""
    table = sources[0].table
    row_bytes = task.size / max(task.rows, 1)
    waiting: list[pa.Table] = []
    size = 0.0
    for devices in parts:
        rows = in_order(pa.concat_tables([one.rows(devices) for one in sources]), table)
        if table is MAP_TILES:
            rows = _compact_tiles(rows)
            size += rows["cells"].nbytes + _KEY_BYTES * rows.num_rows
        else:
            size += row_bytes * rows.num_rows
        waiting.append(rows)
        if size >= FILE_BYTES or sum(one.num_rows for one in waiting) >= ROWS_A_FILE:
            yield pa.concat_tables(waiting)
            waiting, size = [], 0.0
    if waiting:
        yield pa.concat_tables(waiting)


def _compact_tiles(rows: pa.Table) -> pa.Table:
    cells = compacted.encode_rows(rows, decode_tiles(rows))
    index = rows.schema.get_field_index("cells")
    rows = rows.set_column(index, "cells", cells)
    encoding = pa.repeat(compacted.ENCODING, rows.num_rows).dictionary_encode()
    return rows.set_column(rows.schema.get_field_index("encoding"), "encoding", encoding)


def _compare(sources: Sequence[Source], written: Sequence[Written], task: Task) -> None:
    """Test that the new files hold the positions of the old ones, each as often."""
    before = add_up(source.column("offset") for source in sources)
    after = add_up(one.offsets for one in written)
    if before != after or after[0] != task.rows:
        raise IntegrityError(
            f"{task.place}: a rewrite would change the rows; nothing was committed"
        )
