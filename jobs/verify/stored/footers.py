"""What a file says of itself: columns, and every word beside them; pyarrow only reads footers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.verify.stored.files import StoredFile
from jobs.verify.stored.leaks import Leak, Search
from jobs.verify.stored.pages import end_of_pages, is_told_whole, pages

_MAGIC = b"PAR1"
_OF_ROWS = frozenset({"device", "event_time"})
"""Columns that every row of a robot has."""
_AT_ONCE = 1 << 20
"""Pages are searched together up to so many bytes."""

_Blob = tuple[str, bytes]
"""Where in the file, and what is there."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What many files of a table say alike.

    Attributes:
        table: Whose.
        columns: (name, type) in the file's order.
        words: (where, name) of everything that is said beside: keys of metadata.
    """

    table: str
    columns: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """One file, looked at.

    Attributes:
        shape: None: it is no Parquet file.
        rows: As its footer says.
        leaks: (where in the file, what) of identifiers.
        damaged: Why its pages could not be unpacked; empty where they could.
        is_told_whole: Its footer tells of all that lies before the last column's end.
    """

    file: StoredFile
    shape: Shape | None
    rows: int = 0
    leaks: tuple[tuple[str, Leak], ...] = field(default=())
    damaged: str = ""
    is_told_whole: bool = True


def look_at(file: StoredFile, data: bytes, search: Search) -> Looked:
    """Read a file's footer, and search all that its bytes hold."""
    try:
        reader = pq.ParquetFile(pa.BufferReader(data))
        schema, footer = reader.schema_arrow, reader.metadata
    except (pa.ArrowException, OSError, ValueError):
        return Looked(file, None, leaks=tuple(_found(search, [[("its bytes", data)]])))
    shape = Shape(file.table, tuple((f.name, str(f.type)) for f in schema), _words(schema, footer))
    texts = [("its schema", _text(schema)), ("its footer", data[end_of_pages(footer) :])]
    try:
        leaks = tuple(_found(search, chain([texts], _blobs(data, footer))))
    except ValueError as error:
        return Looked(file, shape, footer.num_rows, tuple(_found(search, [texts])), str(error))
    return Looked(file, shape, footer.num_rows, leaks, is_told_whole=is_told_whole(footer))


def search_any(data: bytes, search: Search) -> Iterator[tuple[str, Leak]]:
    """(where, what) of identifiers in any object: unpacked, where it is a Parquet file."""
    if data[:4] != _MAGIC:
        yield from _found(search, [[("its bytes", data)]])
        return
    try:
        footer = pq.read_metadata(pa.BufferReader(data))
        tail = [("its footer", data[end_of_pages(footer) :])]
        yield from _found(search, chain([tail], _blobs(data, footer)))
    except (pa.ArrowException, OSError, ValueError):
        yield from _found(search, [[("its bytes", data)]])


def has_rows(data: bytes) -> bool:
    """Whether an object is a Parquet file with rows of devices."""
    if data[:4] != _MAGIC:
        return False
    try:
        reader = pq.ParquetFile(pa.BufferReader(data))
        if not _OF_ROWS.issubset(reader.schema_arrow.names):
            return False
        devices = reader.read(["device"])["device"]
    except (pa.ArrowException, OSError, ValueError):
        return False
    return bool(devices.null_count < len(devices))


def _words(schema: pa.Schema, footer: pq.FileMetaData) -> tuple[tuple[str, str], ...]:
    said = [("metadata", name.decode(errors="replace")) for name in footer.metadata or {}]
    said += [("metadata", name.decode(errors="replace")) for name in schema.metadata or {}]
    for column in schema:
        for name in column.metadata or {}:
            said.append((f"metadata of {column.name}", name.decode(errors="replace")))
    return tuple(dict.fromkeys(said))


def _text(schema: pa.Schema) -> bytes:
    """Everything that a schema says; in a footer it is base64 of a binary form."""
    pairs = [*(schema.metadata or {}).items()]
    for column in schema:
        pairs += [(column.name.encode(), str(column.type).encode())]
        pairs += (column.metadata or {}).items()
    return b"\0".join(part for pair in pairs for part in pair)


def _blobs(data: bytes, footer: pq.FileMetaData) -> Iterator[list[_Blob]]:
    """All pages, as many together as are not too large."""
    held: list[_Blob] = []
    for page in pages(data, footer):
        held.append((f"pages of column {page.column}", page.data))
        if sum(len(blob) for _, blob in held) > _AT_ONCE:
            yield held
            held = []
    yield held


def _found(search: Search, blobs: Iterable[list[_Blob]]) -> Iterator[tuple[str, Leak]]:
    for some in blobs:
        if search(b"\0".join(data for _, data in some)):  # rarely so: then say where
            yield from ((where, leak) for where, data in some for leak in sorted(search(data)))
