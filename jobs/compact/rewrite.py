"""Files of a folder -> the files that stand for them: the same rows, those of a device together.

Input is held as it is stored, and decoded some devices at a time. What comes out is compared with
what went in before anybody may commit it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.compact.plan import FILE_BYTES, Task
from schemas.errors import ConflictError, IntegrityError
from schemas.tables import MAP_TILES, Table
from storage.decoded import readable
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile
from storage.parquet import decode, describe, encode, in_order
from storage.tiles import compacted, decode_tiles

ROWS_A_FILE = 2**22
"""At most, for they are sorted in memory; some 150 bytes each."""

_ROWS_AT_ONCE = 2**20
_TILES_AT_ONCE = 2**15
"""Decoded together; of tiles, 128 MiB of cells."""

_KEY_BYTES = 6
"""Of a compacted tile's row, beside its chunk."""

_AT_ONCE = 8

_Devices = tuple[str, str] | None
"""The first and the last device of a slice; None for all rows."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was made, and is not committed.

    Attributes:
        data: Its bytes, should it have to be put again.
    """

    file: DataFile
    data: bytes


@dataclass(frozen=True, slots=True)
class _Source:
    table: Table
    content: pq.ParquetFile

    def column(self, name: str) -> pa.ChunkedArray:
        return self.content.read([name])[name]

    def rows(self, devices: _Devices) -> pa.Table:
        """The rows of some devices, tiles with raw cells."""
        groups = [i for i in range(self.content.num_row_groups) if self._may_have(i, devices)]
        rows = self.content.read_row_groups(groups).replace_schema_metadata(None)
        if devices is not None:
            device = rows["device"].cast(pa.string())
            first, last = pc.greater_equal(device, devices[0]), pc.less_equal(device, devices[1])
            rows = rows.filter(pc.and_(first, last))
        return readable(rows) if self.table is MAP_TILES else rows

    def _may_have(self, group: int, devices: _Devices) -> bool:
        if devices is None:
            return True
        index = self.table.schema.get_field_index("device")
        found = self.content.metadata.row_group(group).column(index).statistics
        if found is None or not found.has_min_max:
            return True
        return bool(found.min <= devices[1] and devices[0] <= found.max)


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
        sources = _open(destination, task)
        written = []
        slices = _slices(sources, destination.table, at_once)
        for rows in _merged(sources, slices, task):
            data = encode(rows, destination.table)
            path = task.place.compacted(task.rewrites)
            destination.store.put(object_key(destination.table.name, path), data)
            written.append(Written(describe(rows, data, path, now), data))
        _compare(sources, written, task)
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(
            f"{destination}: {task.place}, or one beside it, is damaged"
        ) from error
    return written


def _open(destination: Destination, task: Task) -> list[_Source]:
    table = destination.table
    words = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "encoding"]

    def open_one(file: DataFile) -> _Source:
        try:
            data = destination.store.get(object_key(table.name, file.path))
        except KeyError:
            raise ConflictError(f"{destination}: {file.path} is gone") from None
        content = pq.ParquetFile(
            pa.BufferReader(data), read_dictionary=words, page_checksum_verification=True
        )
        return _Source(table, content)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(open_one, task.files))


def _merged(
    sources: Sequence[_Source], slices: Iterable[_Devices], task: Task
) -> Iterator[pa.Table]:
    """The rows of each new file, in order."""
    table = sources[0].table
    row_bytes = task.size / max(task.rows, 1)
    waiting: list[pa.Table] = []
    size = 0.0
    for devices in slices:
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


def _slices(sources: Sequence[_Source], table: Table, at_once: int | None) -> Iterator[_Devices]:
    """Runs of devices whose rows are decoded together."""
    if "device" not in table.schema.names:
        yield None
        return
    counts: Counter[str] = Counter()
    for source in sources:
        for found in pc.value_counts(source.column("device").cast(pa.string())).to_pylist():
            counts[found["values"]] += found["counts"]
    most = at_once or (_TILES_AT_ONCE if table is MAP_TILES else _ROWS_AT_ONCE)
    some: list[str] = []
    rows = 0
    for device in sorted(counts):
        if some and rows + counts[device] > most:
            yield some[0], some[-1]
            some, rows = [], 0
        some.append(device)
        rows += counts[device]
    if some:
        yield some[0], some[-1]


def _compact_tiles(rows: pa.Table) -> pa.Table:
    cells = compacted.encode_rows(rows, decode_tiles(rows))
    index = rows.schema.get_field_index("cells")
    rows = rows.set_column(index, "cells", cells)
    encoding = pa.repeat(compacted.ENCODING, rows.num_rows).dictionary_encode()
    return rows.set_column(rows.schema.get_field_index("encoding"), "encoding", encoding)


def _compare(sources: Sequence[_Source], written: Sequence[Written], task: Task) -> None:
    """Test that the new files hold the positions of the old ones, each as often."""
    before = _sum(source.column("offset") for source in sources)
    after = _sum(decode(one.data, ["offset"])["offset"] for one in written)
    if before != after or after[0] != task.rows:
        raise IntegrityError(
            f"{task.place}: a rewrite would change the rows; nothing was committed"
        )


def _sum(columns: Iterator[pa.ChunkedArray]) -> tuple[int, int, int]:
    """Rows, and two sums that tell which offsets they have."""
    rows, total, squares = 0, 0, 0
    for column in columns:
        offsets = column.to_numpy().astype(np.uint64)
        rows += len(offsets)
        total += int(offsets.sum(dtype=np.uint64))
        squares += int((offsets * offsets).sum(dtype=np.uint64))
    return rows, total % 2**64, squares % 2**64
