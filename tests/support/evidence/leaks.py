"""Looks for identifiers where none may be, decoded: a grep over zstd pages finds nothing.

Forms: as sent, in other case, without or with other separators, in hexadecimal, in base64 (at
each of its three alignments), and as a number where the identifier is one. Places: any bytes, and
Parquet files, of which values, dictionaries, statistics, footers and metadata are searched.
"""

import base64
import io
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_SEPARATORS = b" \t\r\n:.-_/\\\"'"
_HEXADECIMAL = re.compile(r"[0-9a-f]{8,16}")
_SHORTEST_BASE64 = 6
"""Characters that have to remain of an alignment, or chance would find it."""


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """An identifier where none may be; says which by its number, for reports are read by many."""

    place: str
    form: str
    number: int


@dataclass(slots=True)
class Search:
    """Finds these identifiers in every form.

    Attributes:
        identifiers: As they were sent; long enough not to be found by chance.
    """

    identifiers: Sequence[str]
    _folded: list[tuple[bytes, str, int]] = field(default_factory=list)
    _exact: list[tuple[bytes, str, int]] = field(default_factory=list)
    _integers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the needles."""
        for number, identifier in enumerate(self.identifiers):
            if len(identifier) < 7:
                raise ValueError("an identifier so short is found by chance")
            self._prepare(number, identifier)

    def in_bytes(self, place: str, data: bytes) -> list[Leak]:
        """Identifiers in text, or in any bytes that are not compressed."""
        folded = fold(data)
        found = [(form, number) for needle, form, number in self._folded if needle in folded]
        found += [(form, number) for needle, form, number in self._exact if needle in data]
        return sorted({Leak(place, form, number) for form, number in found})

    def in_parquet(self, place: str, data: bytes) -> list[Leak]:
        """Identifiers in a Parquet file: in what its pages hold, and in what is said of them."""
        file = pq.ParquetFile(io.BytesIO(data))
        leaks = self.in_bytes(f"{place}, its plain bytes", data)
        for what, text in _words(file):
            leaks += self.in_bytes(f"{place}, {what}", text)
        for name, column in zip(file.schema_arrow.names, file.read().columns, strict=True):
            leaks += self._in_column(f"{place}, column {name}", column)
        return leaks

    def _in_column(self, place: str, column: pa.ChunkedArray) -> list[Leak]:
        if pa.types.is_integer(column.type):
            known = pa.array(list(self._integers), pa.int64())
            hits = column.filter(pc.is_in(column.cast(pa.int64()), known)).unique().to_pylist()
            return [Leak(place, "number", self._integers[hit]) for hit in hits]
        if pa.types.is_nested(column.type):
            return self.in_bytes(place, json.dumps(column.to_pylist(), default=str).encode())
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            values = column.unique().cast(pa.binary()).to_pylist()
            return self.in_bytes(place, b"\0".join(value for value in values if value is not None))
        return []

    def _prepare(self, number: int, identifier: str) -> None:
        plain = identifier.encode()
        forms = {plain, plain.lower(), plain.upper(), fold(plain)}
        self._folded.append((fold(plain), "text", number))
        self._folded += [(form.hex().encode(), "hexadecimal", number) for form in forms]
        self._exact += [
            (text, "base64", number) for form in forms for text in _base64_alignments(form)
        ]
        for integer in _integers(identifier):
            self._integers[integer] = number
            self._folded.append((b"%d" % integer, "number", number))
            size = max(4, (integer.bit_length() + 7) // 8)
            if size > 4:  # four bytes are found by chance
                self._exact.append((integer.to_bytes(size, "big"), "number", number))
                self._exact.append((integer.to_bytes(size, "little"), "number", number))


def fold(data: bytes) -> bytes:
    """Without case and separators."""
    return data.lower().translate(None, _SEPARATORS)


def _base64_alignments(data: bytes) -> Iterator[bytes]:
    """What is in the base64 of any text that holds the data, wherever it begins."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
        first = (0, 2, 3)[shift]
        certain = text[first : (shift + len(data)) * 8 // 6]
        if len(certain) >= _SHORTEST_BASE64:
            yield certain
            yield certain.translate(bytes.maketrans(b"+/", b"-_"))


def _integers(identifier: str) -> Iterator[int]:
    """The numbers that an identifier is: a MAC's or a hexadecimal serial's, an IP address's."""
    folded = fold(identifier.encode()).decode()
    if _HEXADECIMAL.fullmatch(folded):
        yield int(folded, 16)
    if folded.isdecimal() and 8 <= len(folded) <= 18:
        yield int(folded)
    try:
        address = ipaddress.ip_address(identifier)
    except ValueError:
        return
    if address.version == 4:
        yield int(address)


def _words(file: pq.ParquetFile) -> Iterator[tuple[str, bytes]]:
    """Everything that a footer says, by what it is."""
    yield "metadata", _pairs((file.schema_arrow.metadata or {}).items())
    yield "metadata", _pairs((file.metadata.metadata or {}).items())
    for column in file.schema_arrow:
        yield f"metadata of {column.name}", _pairs((column.metadata or {}).items())
        yield "a column's name", column.name.encode()
    for group in range(file.metadata.num_row_groups):
        for number in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(number)
            if chunk.statistics is not None and chunk.statistics.has_min_max:
                bounds = chunk.statistics.min, chunk.statistics.max
                yield f"statistics of {chunk.path_in_schema}", repr(bounds).encode()


def _pairs(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"\0".join(part for pair in items for part in pair)
