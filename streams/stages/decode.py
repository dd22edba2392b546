"""Bytes -> columns: JSON or MessagePack, each record on its own, so that no neighbour is harmed."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, repeat, starmap
from operator import attrgetter, call
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.batches import DecodedBatch, Ending, Headers, WireBatch
from schemas.errors import ContractError, DecodeError, RecordError
from schemas.privacy import Privacy, privacy_of
from schemas.tables import Table
from schemas.tables.declare import TEXT

MAX_BYTES: Final = 64 * 1024
"""No honest record is larger: a raw tile in base64 is 5.5 KiB."""

BLOCK: Final = 4_000
"""Records that are decoded at once: their objects stay in the processor's cache."""

MESSAGEPACK: Final = (b"application/msgpack", b"application/vnd.msgpack", b"application/x-msgpack")
FIRST_INGEST: Final = "fortnight-first-ingest"
"""Header of a replayed record: microseconds since 1970 when it first came."""

NO_VALUE = "the record has no value"
TOO_LARGE = "the record is larger than 64 KiB"
NOT_THE_FORMAT = "the bytes are not the format that they claim to be"

NO_FIELDS = "the record is not an object of fields"

_REFUSALS = (msgspec.DecodeError, UnicodeError, RecursionError)
_UNKNOWN_FIELD = "Object contains unknown field"
_FIELD = re.compile(r"`\$\.(\w+)|required field `(\w+)`$")


@dataclass(frozen=True, slots=True)
class Decoding:
    """What came of a batch's bytes.

    Attributes:
        batch: Rows of the wire struct's fields, then `offset`, `ingest_time` and
            `first_ingest_time` (int64; microseconds since 1970 in UTC).
        endings: The records that are no rows.
        unknown_fields: Fields that no schema knows: dropped and counted, never named.
    """

    batch: DecodedBatch
    endings: list[Ending]
    unknown_fields: int


class Decoder:
    """Decodes the records of one table; any number of threads may use it.

    Args:
        block: Records that are decoded at once; what comes out is the same for any number.
    """

    def __init__(self, table: Table, *, block: int = BLOCK) -> None:
        if table.wire is None:
            raise ValueError("no robot sends this table")
        self._block = block
        self._fields = table.wire.__struct_fields__
        self._types = [wire_type(table.schema, name) for name in self._fields]
        self._json = _Format(table.wire, msgspec.json.Decoder)
        self._messagepack = _Format(table.wire, msgspec.msgpack.Decoder)

    def decode(self, wire: WireBatch) -> Decoding:
        """Decode every record that can be; the order of offsets is kept."""
        refused: dict[str, list[int]] = {}
        kept: list[int] = []
        blocks, unknown = [], 0
        for first in range(0, len(wire.values), self._block):
            structs = self._clean(wire, first)
            for index in [i for i, struct in enumerate(structs, first) if struct is None]:
                try:
                    value, headers = wire.values[index], wire.headers.get(index, ())
                    structs[index - first], extra = self._one(value, headers)
                    unknown += extra
                except RecordError as error:
                    refused.setdefault(error.reason, []).append(index)
            kept += [i for i, struct in enumerate(structs, first) if struct is not None]
            blocks.append(self._columns([one for one in structs if one is not None]))
        whole = blocks[0] if len(blocks) == 1 else pa.concat_batches(blocks or [self._columns([])])
        rows = _with_lineage(whole, wire, kept)
        endings = [_rejected(reason, wire, indices) for reason, indices in refused.items()]
        return Decoding(DecodedBatch(wire.partition, rows), endings, unknown)

    def _clean(self, wire: WireBatch, first: int) -> list[msgspec.Struct | None]:
        """The structs of one block, None for what needs a closer look.

        Nearly every record is what its headers say, each known field right: no Python is run for
        such a record.
        """
        block = wire.values[first : first + self._block]
        values = [one if one is not None and len(one) <= MAX_BYTES else b"" for one in block]
        structs: list[msgspec.Struct | None] = []
        left = zip(self._strict(wire, first), values, strict=False)
        while len(structs) < len(values):
            try:
                structs.extend(starmap(call, left))
            except _REFUSALS:  # those before it were taken
                structs.append(None)
        return structs

    def _strict(self, wire: WireBatch, first: int) -> Iterable[Callable[[bytes], msgspec.Struct]]:
        """What decodes each record of a block, if every field is known; without end."""
        json, messagepack = self._json.strict, self._messagepack.strict
        if not wire.headers:
            return repeat(json)
        found = map(wire.headers.get, count(first), repeat(()))
        return (messagepack if _is_messagepack(one) else json for one in found)

    def _one(self, value: bytes | None, headers: Headers) -> tuple[msgspec.Struct, int]:
        if value is None:
            raise DecodeError(NO_VALUE)
        if len(value) > MAX_BYTES:
            raise DecodeError(TOO_LARGE)
        if _is_messagepack(headers):
            return self._messagepack.decode(value)
        return self._json.decode(value)

    def _columns(self, structs: Sequence[msgspec.Struct]) -> pa.RecordBatch:
        columns = [
            pa.array(list(map(attrgetter(name), structs)), kind)
            for name, kind in zip(self._fields, self._types, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, names=list(self._fields))


class _Format:
    """One encoding of one wire struct: strict first, since nearly every record is clean."""

    def __init__(self, wire: type[msgspec.Struct], decoder: Callable[[Any], Any]) -> None:
        strict = msgspec.defstruct(
            wire.__name__, [], bases=(wire,), forbid_unknown_fields=True, frozen=True, gc=False
        )
        self.strict = decoder(strict).decode
        self._lenient = decoder(wire).decode
        self._names = decoder(dict[str, msgspec.Raw]).decode
        self._fields = frozenset(wire.__struct_fields__)

    def decode(self, value: bytes) -> tuple[msgspec.Struct, int]:
        """The struct, and how many unknown fields were dropped.

        Raises:
            RecordError: Only with a fixed phrase: the libraries' messages quote values.
        """
        try:
            return self.strict(value), 0
        except msgspec.ValidationError as error:
            if not str(error).startswith(_UNKNOWN_FIELD):
                raise ContractError(self._reason(str(error))) from None
        except _REFUSALS:
            raise DecodeError(NOT_THE_FORMAT) from None
        return self._decode_leniently(value)

    def _decode_leniently(self, value: bytes) -> tuple[msgspec.Struct, int]:
        try:
            return self._lenient(value), len(self._names(value).keys() - self._fields)
        except msgspec.ValidationError as error:
            raise ContractError(self._reason(str(error))) from None
        except _REFUSALS:
            raise DecodeError(NOT_THE_FORMAT) from None

    def _reason(self, message: str) -> str:
        match = _FIELD.search(message)
        field = match and (match[1] or match[2])
        if field not in self._fields:
            return NO_FIELDS
        return f"{field} is missing" if match and match[2] else f"{field} breaks its contract"


def wire_type(schema: pa.Schema, name: str) -> pa.DataType:
    """The Arrow type of a wire field: the stored one, where it is stored as it came."""
    if name in {"event_time", "started"}:
        return pa.int64()
    if name in {"latitude", "longitude"}:
        return pa.float64()
    if name == "layers":
        return pa.list_(
            pa.struct([pa.field("label", pa.int16()), pa.field("runs", pa.list_(pa.int16()))])
        )
    stored = schema.field(name)
    if pa.types.is_string(stored.type) and privacy_of(stored) is not Privacy.PSEUDONYM:
        return TEXT
    return stored.type


@lru_cache(maxsize=64)  # as few as a fleet sends, each millions of times
def _is_messagepack(headers: Headers) -> bool:
    return dict(headers).get("content-type") in MESSAGEPACK


def _rejected(reason: str, wire: WireBatch, indices: list[int]) -> Ending:
    return Ending(f"rejected/{reason}", wire.offsets[indices], wire.ingest_times[indices])


def _with_lineage(rows: pa.RecordBatch, wire: WireBatch, kept: Sequence[int]) -> pa.RecordBatch:
    """The rows with where and when their records came."""
    places = np.array(kept, np.int64)
    times = wire.ingest_times[places]
    lineage = {
        "offset": wire.offsets[places],
        "ingest_time": times,
        "first_ingest_time": _first_ingest_times(wire, places, times),
    }
    columns = [*rows.columns, *map(pa.array, lineage.values())]
    return pa.RecordBatch.from_arrays(columns, names=[*rows.schema.names, *lineage])


def _first_ingest_times(
    wire: WireBatch, kept: NDArray[np.int64], ingest_times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """A replayed record's first ingest time; never later than the present one."""
    if not any(FIRST_INGEST in dict(one) for one in set(wire.headers.values())):
        return ingest_times
    first = ingest_times.copy()
    for place, index in enumerate(kept):
        text = dict(wire.headers.get(int(index), ())).get(FIRST_INGEST, b"")
        if text.isdigit():
            first[place] = min(first[place], int(text[:19]))
    return first
