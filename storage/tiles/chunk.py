"""A chunk: the tiles of one device in one file, as bytes that know when they are damaged.

    version          1 byte, of the table
    lanes            varint
    raw rows         varint, then for each the distance to the one before, varint
    words a lane     varint each but for the last lane: zigzag difference to the lane before
    states           4 bytes a lane
    words            2 bytes each, lane after lane
    raw tiles        4096 bytes each
    checksum         4 bytes: CRC-32 of the rows' keys, the table's digest, all of the above

Numbers are little-endian.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from storage.tiles.context_table import ContextTable
from storage.tiles.keys import Ints, Keys
from storage.tiles.model.sheets import SIDE
from storage.tiles.rans import Uints, Words
from storage.tiles.tables import Tables

Tiles = NDArray[np.uint8]

CELLS = SIDE * SIDE
_SHORTEST = 7
_LONGEST_VARINT = 9


@dataclass(frozen=True, slots=True)
class Chunk:
    """The parts of a chunk.

    Attributes:
        table: The table it was written with.
        states: (lanes,) where the decoder starts.
        lengths: (lanes,) words a lane.
        words: Lane after lane.
        raw_rows: (r,) rows of the device that are stored as they are, ascending.
        raw_tiles: (r, 64, 64) those tiles.
    """

    table: ContextTable
    states: Uints
    lengths: Ints
    words: Words
    raw_rows: Ints
    raw_tiles: Tiles

    def to_bytes(self, keys: Keys) -> bytes:
        """Write it down, for the rows with these keys."""
        gaps = np.diff(self.raw_rows, prepend=0)
        steps = np.diff(self.lengths, prepend=0)[:-1] if len(self.lengths) else self.lengths
        head = bytearray([self.table.version])
        numbers = (len(self.states), len(self.raw_rows), *gaps.tolist())
        for number in (*numbers, *((steps << 1) ^ (steps >> 63)).tolist()):
            _put(head, number)
        body = (
            bytes(head)
            + self.states.astype("<u4").tobytes()
            + self.words.astype("<u2").tobytes()
            + self.raw_tiles.tobytes()
        )
        return body + _checksum(self.table, keys, body)


def version_of(data: bytes) -> int:
    """The version of the table that a chunk says it was written with.

    Raises:
        IntegrityError: It is cut short.
    """
    if len(data) < _SHORTEST:
        raise IntegrityError("a chunk of tiles is cut short")
    return data[0]


def parse(data: bytes, keys: Keys, tables: Tables) -> Chunk:
    """Read a chunk that is said to hold the rows with these keys.

    Takes no more memory than a small multiple of `data`.

    Args:
        data: The chunk.
        keys: Of its rows.
        tables: One of them it was written with.

    Raises:
        IntegrityError: Damaged, cut short, for other rows, or of an unknown table version.
    """
    table = tables.load(version_of(data))
    body = data[:-4]
    if _checksum(table, keys, body) != data[-4:]:
        raise IntegrityError("a chunk of tiles is damaged, or does not belong to its rows")
    try:
        return _parse(table, body, len(keys))
    except (IndexError, ValueError, OverflowError) as error:
        raise IntegrityError("a chunk of tiles contradicts itself") from error


def _parse(table: ContextTable, body: bytes, rows: int) -> Chunk:
    reader = _Reader(body, 1)
    lanes, raw = reader.number(), reader.number()
    if lanes > len(body) or raw > rows or (lanes > 0) != (raw < rows):
        raise ValueError("more lanes or raw tiles than there can be")
    raw_rows = np.cumsum([reader.number() for _ in range(raw)], dtype=np.int64)
    zigzag = np.array([reader.number() for _ in range(lanes - 1)], np.int64)
    lengths = np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
    states = np.frombuffer(body, "<u4", lanes, reader.at).astype(np.uint32)
    start, end = reader.at + 4 * lanes, len(body) - raw * CELLS
    words = np.frombuffer(body[start:end], "<u2").astype(np.uint16)
    lengths = np.append(lengths, len(words) - lengths.sum())[:lanes]
    out_of_place = len(raw_rows) and (raw_rows[-1] >= rows or (np.diff(raw_rows) <= 0).any())
    if out_of_place or (lengths < 0).any() or (not lanes and len(words)) or start > end:
        raise ValueError("lengths do not add up")
    tiles = np.frombuffer(body, np.uint8, raw * CELLS, end).reshape(raw, SIDE, SIDE)
    return Chunk(table, states, lengths, words, raw_rows, tiles)


def _checksum(table: ContextTable, keys: Keys, body: bytes) -> bytes:
    crc = zlib.crc32(bytes.fromhex(table.digest), keys.fingerprint())
    return zlib.crc32(body, crc).to_bytes(4, "little")


def _put(head: bytearray, number: int) -> None:
    """Append a varint: seven bits a byte, low ones first, the high bit for more to come."""
    while number > 0x7F:  # noqa: PLR2004  seven bits
        head.append(number & 0x7F | 0x80)
        number >>= 7
    head.append(number)


class _Reader:
    """Varints, one after the other."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def number(self) -> int:
        """The next one.

        Raises:
            IndexError: The data end within it.
            ValueError: It is too long to be one of ours.
        """
        number = 0
        for k in range(_LONGEST_VARINT):
            byte = self._data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << (7 * k)
            if byte < 0x80:  # noqa: PLR2004  the last byte
                return number
        raise ValueError("a number is too long")
