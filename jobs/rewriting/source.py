"""A file that is rewritten: held in memory as it is stored, decoded some devices at a time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import ConflictError
from schemas.tables import MAP_TILES, Table
from storage.decoded import readable
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile

_ROWS_AT_ONCE = 2**20
_TILES_AT_ONCE = 2**15
"""Decoded together; of tiles, 128 MiB of cells."""

_AT_ONCE = 8

Devices = tuple[str, str] | None
"""The first and the last device of a slice; None for all rows."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be rewritten.

    Raises (reading):
        ArrowException, OSError: It is damaged.
    """

    table: Table
    content: pq.ParquetFile

    def column(self, name: str) -> pa.ChunkedArray:
        """One column of all rows."""
        return self.content.read([name])[name]

    def stored(self) -> pa.Table:
        """All rows, tiles as their tier has them."""
        return self.content.read().replace_schema_metadata(None)

    def rows(self, devices: Devices) -> pa.Table:
        """The rows of some devices, tiles with raw cells."""
        groups = [i for i in range(self.content.num_row_groups) if self._may_have(i, devices)]
        rows = self.content.read_row_groups(groups).replace_schema_metadata(None)
        if devices is not None:
            device = rows["device"].cast(pa.string())
            first, last = pc.greater_equal(device, devices[0]), pc.less_equal(device, devices[1])
            rows = rows.filter(pc.and_(first, last))
        return readable(rows) if self.table is MAP_TILES else rows

    def _may_have(self, group: int, devices: Devices) -> bool:
        if devices is None:
            return True
        index = self.table.schema.get_field_index("device")
        found = self.content.metadata.row_group(group).column(index).statistics
        if found is None or not found.has_min_max:
            return True
        return bool(found.min <= devices[1] and devices[0] <= found.max)


def open_sources(destination: Destination, files: Sequence[DataFile]) -> list[Source]:
    """Fetch files, some at once.

    Raises:
        ConflictError: One is gone: plan again.
        RetryableError: The store gave no answer.
        ArrowException, OSError: One is damaged.
    """
    table = destination.table
    words = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "encoding"]

    def open_one(file: DataFile) -> Source:
        try:
            data = destination.store.get(object_key(table.name, file.path))
        except KeyError:
            raise ConflictError(f"{destination}: {file.path} is gone") from None
        content = pq.ParquetFile(
            pa.BufferReader(data), read_dictionary=words, page_checksum_verification=True
        )
        return Source(table, content)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(open_one, files))


def slices(
    sources: Sequence[Source], table: Table, at_once: int | None = None
) -> Iterator[Devices]:
    """Runs of devices whose rows are decoded together.

    Args:
        sources: The files that the rows are in.
        table: Theirs.
        at_once: Rows, or those of one device; None for what memory holds.
    """
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
