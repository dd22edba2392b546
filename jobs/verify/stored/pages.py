"""The pages of a Parquet file, unpacked one by one: what they hold, and not what a reader shows.

A dictionary page may hold values that no row has any more, and no reader ever shows them. So page
headers are read here by hand (source: Apache Parquet's `parquet.thrift`, and Thrift's compact
protocol), and each page is decompressed whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 12
_MORE, _LOW = 0x80, 0x7F
_NIBBLE = 0x0F
_PAGE_V2 = 3
_MAGIC_BYTES = 4
_LONG_LIST = 15


@dataclass(frozen=True, slots=True)
class Page:
    """A page's content, unpacked.

    Attributes:
        column: Whose.
    """

    column: str
    data: bytes


def pages(data: bytes, footer: pq.FileMetaData) -> Iterator[Page]:
    """Every page of every column, dictionaries included.

    Raises:
        ValueError: The bytes are not what the footer says.
    """
    for group in range(footer.num_row_groups):
        for number in range(footer.num_columns):
            chunk = footer.row_group(group).column(number)
            yield from _of_chunk(data, chunk)


def end_of_pages(footer: pq.FileMetaData) -> int:
    """Where the last page ends: behind it, unpacked, are indexes, Bloom filters and the footer."""
    ends = [
        _start(chunk) + chunk.total_compressed_size
        for group in range(footer.num_row_groups)
        for chunk in map(footer.row_group(group).column, range(footer.num_columns))
    ]
    return max(ends, default=0)


def is_told_whole(footer: pq.FileMetaData) -> bool:
    """Whether columns follow one on another from the file's start: nothing lies between them."""
    place = _MAGIC_BYTES
    chunks = (
        footer.row_group(group).column(number)
        for group in range(footer.num_row_groups)
        for number in range(footer.num_columns)
    )
    for start, size in sorted((_start(one), one.total_compressed_size) for one in chunks):
        if start != place:
            return False
        place = start + size
    return True


def _start(chunk: pq.ColumnChunkMetaData) -> int:
    places = [chunk.data_page_offset]
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        places.append(chunk.dictionary_page_offset)
    return int(min(places))


def _of_chunk(data: bytes, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    place = _start(chunk)
    end = place + chunk.total_compressed_size
    codec = None if chunk.compression == "UNCOMPRESSED" else chunk.compression.lower()
    while place < end:
        header = _Thrift(data, place)
        said = header.struct()
        try:
            packed, size = int(said[3]), int(said[2])
        except (KeyError, TypeError):
            raise ValueError("a page without a size") from None
        body = data[header.place : header.place + packed]
        yield Page(chunk.path_in_schema, _unpacked(body, size, codec, said))
        place = header.place + packed


def _unpacked(body: bytes, size: int, codec: str | None, said: Mapping[int, Any]) -> bytes:
    if codec is None:
        return body
    plain = 0
    if said.get(1) == _PAGE_V2 and isinstance(said.get(8), dict):
        levels = said[8]
        if levels.get(7) is False:
            return body
        plain = int(levels.get(5, 0)) + int(levels.get(6, 0))
    try:
        rest = pa.decompress(body[plain:], decompressed_size=size - plain, codec=codec)
    except (pa.ArrowException, OSError):
        raise ValueError("a page that cannot be unpacked") from None
    return body[:plain] + bytes(rest)


class _Thrift:
    """Reads the compact protocol from a place on; structures become mappings by field number."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self.place = place

    def struct(self) -> dict[int, Any]:
        """A structure.

        Raises:
            ValueError: It is none.
        """
        fields: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & _NIBBLE)
        return fields

    def _value(self, kind: int) -> Any:  # noqa: ANN401 - whatever the field is
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._number())
        if kind in (_LIST, _SET):
            return self._list()
        return self.struct() if kind == _STRUCT else self._signed()

    def _list(self) -> list[Any]:
        head = self._byte()
        count = head >> 4
        return [
            self._value(head & _NIBBLE)
            for _ in range(self._number() if count == _LONG_LIST else count)
        ]

    def _signed(self) -> int:
        number = self._number()
        return number >> 1 ^ -(number & 1)

    def _number(self) -> int:
        number = shift = 0
        while True:
            byte = self._byte()
            number |= (byte & _LOW) << shift
            if byte < _MORE:
                return number
            shift += 7

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        taken = self._data[self.place : self.place + count]
        if len(taken) < count:
            raise ValueError("a page's header is cut")
        self.place += count
        return taken
