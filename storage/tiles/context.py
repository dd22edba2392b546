"""The context codec: tiles of many devices to one chunk a device, and back.

Tiles are told as answers to yes-or-no questions (`decisions`): the newest version of every
tile first (`latest`), then each older one by what differs (`updates`). A fixed table
(`context_table`) knows how likely each answer is where it is asked, and the coder (`rans`)
spends bits on the unlikely ones. All tiles of a batch are told together, so the work is done
by numpy, a thousand tiles at a time; yet every chunk decodes alone just the same.

Reading order: context, chunk, coders, rans, context_table, tables, then the model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from storage.tiles.chunk import CELLS, Chunk, parse, version_of
from storage.tiles.coders import Reader, Recorder
from storage.tiles.context_table import ContextTable
from storage.tiles.keys import Ints, Keys
from storage.tiles.model import versions
from storage.tiles.model.sheets import SIDE, place
from storage.tiles.rans import Decoder, Uints, Words
from storage.tiles.tables import SHIPPED, Tables

Tiles = NDArray[np.uint8]

AT_ONCE = 96 * 1024
"""Devices are taken together up to so many rows, which bounds memory to about 1 GiB."""
_OF_A_TILE, _OF_A_NEWEST = 7, 3
"""Rows that take as much memory as a tile on the canvas; the second for newest versions only."""
LANE_BYTES = 384
"""A lane costs some five bytes and is worth it where it has so many to carry."""
_MOST_LANES = 4096
_NO_BREAKS = np.zeros(0, np.int64)
_BUSY = CELLS // 4
"""A tile with fewer steps from cell to cell is never stored raw, nor asked about it."""


def encode(
    tiles: Tiles, keys: Keys, *, tables: Tables = SHIPPED, at_once: int = AT_ONCE
) -> list[bytes]:
    """Encode tiles.

    Deterministic: the same rows of a device give the same chunk in any company.

    Args:
        tiles: (n, 64, 64) uint8 labels, one a row of `keys`.
        keys: What the rows are.
        tables: The newest of them is written with.
        at_once: Rows told together; only speed and memory depend on it.

    Returns:
        One chunk a device, in the order of the devices.
    """
    if tiles.shape != (len(keys), SIDE, SIDE) or tiles.dtype != np.uint8:
        raise ValueError("tiles must be (n, 64, 64) uint8, one a key")
    chunks: list[bytes] = []
    table = tables.current()
    for rows, _ in _groups(keys, at_once, _load(keys)):
        chunks += _encode_group(tiles[rows], keys[rows], table)
    return chunks


def decode(
    chunks: Sequence[bytes], keys: Keys, *, tables: Tables = SHIPPED, at_once: int = AT_ONCE
) -> Tiles:
    """Decode all versions: (n, 64, 64) uint8, one a row of `keys`.

    Args:
        chunks: One a device, in the order of the devices; any choice of devices will do.
        keys: The rows of those devices, all of them.
        tables: With which the chunks were written, with any of them.
        at_once: Rows told together; only speed and memory depend on it.

    Raises:
        IntegrityError: A chunk is damaged, is not of these rows, or names an unknown table.
    """
    _check(chunks, keys)
    tiles = np.empty((len(keys), SIDE, SIDE), np.uint8)
    for rows, devices in _groups(keys, at_once, _load(keys), breaks=_breaks(chunks)):
        group = _Group.parse(chunks[devices], keys[rows], tables)
        tiles[rows.start + group.raw] = group.raw_tiles
        if len(group.coded):
            reader = group.reader()
            chains = place(group.keys[group.coded])
            versions.untell(chains, reader, tiles, rows.start + group.coded)
            if not reader.is_exhausted():
                raise IntegrityError("a chunk of tiles is not what its rows ask for")
    return tiles


def decode_latest(
    chunks: Sequence[bytes], keys: Keys, *, tables: Tables = SHIPPED
) -> tuple[Ints, Tiles]:
    """Decode the newest version of every tile, without the older ones.

    Returns:
        (c,) rows, ascending, and (c, 64, 64) uint8 their tiles.

    Raises:
        IntegrityError: As for `decode`.
    """
    _check(chunks, keys)
    first, length = keys.chains()
    newest = first + length - 1
    tiles = np.zeros((len(newest), SIDE, SIDE), np.uint8)
    load = _load(keys, newest=True)
    for rows, devices in _groups(keys, AT_ONCE, load, breaks=_breaks(chunks)):
        group = _Group.parse(chunks[devices], keys[rows], tables)
        _fill(tiles, newest, rows.start + group.raw, group.raw_tiles)
        if len(group.coded):
            chains = place(group.keys[group.coded])
            coded = rows.start + group.coded[chains.latest]
            _fill(tiles, newest, coded, versions.untell_latest(chains, group.reader()))
    return newest, tiles


def _fill(tiles: Tiles, newest: Ints, rows: Ints, found: Tiles) -> None:
    """Put the tiles of those rows that are the newest in their places."""
    at = np.searchsorted(newest, rows)
    there = newest[np.minimum(at, len(newest) - 1)] == rows
    tiles[at[there]] = found[there]


def _check(chunks: Sequence[bytes], keys: Keys) -> None:
    if len(chunks) != len(keys.device_starts()) - 1:
        raise ValueError("one chunk a device")


def _load(keys: Keys, *, newest: bool = False) -> Ints:
    """(d + 1,) what the devices before each one take, in rows."""
    starts = keys.device_starts()
    tiles = np.searchsorted(keys.chains()[0], starts)
    return tiles * _OF_A_NEWEST if newest else starts + tiles * _OF_A_TILE


def _breaks(chunks: Sequence[bytes]) -> Ints:
    """The chunks that were written with another table than the one before."""
    return np.flatnonzero(np.diff([version_of(data) for data in chunks])) + 1


def _groups(
    keys: Keys, at_once: int, load: Ints, *, breaks: Ints = _NO_BREAKS
) -> Iterator[tuple[slice, slice]]:
    """Rows and devices to take together."""
    starts = keys.device_starts()
    begin, devices = 0, len(starts) - 1
    while begin < devices:
        end = int(np.searchsorted(load, load[begin] + at_once, side="right")) - 1
        end = min(max(end, begin + 1), devices, *breaks[breaks > begin].tolist())
        yield slice(int(starts[begin]), int(starts[end])), slice(begin, end)
        begin = end


def _encode_group(tiles: Tiles, keys: Keys, table: ContextTable) -> list[bytes]:
    raw = _incompressible(tiles, table)
    coded = _others(raw, len(keys))
    device = keys.device_numbers()
    lanes = np.zeros(int(device[-1]) + 1, np.int64)
    words: tuple[Uints, list[Words]] = np.zeros(0, np.uint32), []
    if len(coded):
        told = np.unique(device[coded])
        recorder = Recorder(table, len(told))
        versions.tell(place(keys[coded]), recorder, tiles[coded])
        share = np.clip(np.ceil(recorder.costs() / LANE_BYTES), 1, _MOST_LANES).astype(np.int64)
        lanes[told] = share
        words = recorder.words(share)
    return _write(table, lanes, words, (tiles, keys, raw))


def _write(
    table: ContextTable,
    lanes: Ints,
    coded: tuple[Uints, list[Words]],
    source: tuple[Tiles, Keys, Ints],
) -> list[bytes]:
    (states, words), (tiles, keys, raw) = coded, source
    lane = np.append(0, np.cumsum(lanes)).tolist()
    start = keys.device_starts().tolist()
    chunks = []
    for i in range(len(lanes)):
        mine, rows = slice(lane[i], lane[i + 1]), slice(start[i], start[i + 1])
        kept = raw[(raw >= rows.start) & (raw < rows.stop)]
        chunk = Chunk(
            table,
            states[mine],
            np.array([len(lane) for lane in words[mine]], np.int64),
            np.concatenate([np.zeros(0, np.uint16), *words[mine]]),
            kept - rows.start,
            tiles[kept],
        )
        chunks.append(chunk.to_bytes(keys[rows]))
    return chunks


def _others(rows: Ints, count: int) -> Ints:
    """The rows from 0 to `count` that are not among these, ascending."""
    left = np.ones(count, bool)
    left[rows] = False
    return np.flatnonzero(left)


def _incompressible(tiles: Tiles, table: ContextTable) -> Ints:
    """Rows whose tile, told on its own, would take as many bytes as it has cells."""
    steps = (tiles[:, :, 1:] != tiles[:, :, :-1]).sum((1, 2))
    busy = np.flatnonzero(steps >= _BUSY)
    if not len(busy):
        return busy
    number, zero = np.arange(len(busy)), np.zeros(len(busy), np.int64)
    recorder = Recorder(table, len(busy))
    versions.tell_latest(place(Keys(number, zero, zero, zero, zero)), recorder, tiles[busy])
    return busy[recorder.costs() >= CELLS]


@dataclass(frozen=True, slots=True)
class _Group:
    """Chunks decoded together, all of one table: which rows are coded, which are raw."""

    chunks: Sequence[Chunk]
    keys: Keys
    coded: Ints
    raw: Ints

    @classmethod
    def parse(cls, chunks: Sequence[bytes], keys: Keys, tables: Tables) -> "_Group":
        """Read the chunks of these rows."""
        start = keys.device_starts().tolist()
        parsed = [
            parse(data, keys[slice(start[i], start[i + 1])], tables)
            for i, data in enumerate(chunks)
        ]
        rows = [chunk.raw_rows + start[i] for i, chunk in enumerate(parsed)]
        raw = np.concatenate(rows)
        return cls(parsed, keys, _others(raw, len(keys)), raw)

    @property
    def raw_tiles(self) -> Tiles:
        """(r, 64, 64) in the order of `raw`."""
        return np.concatenate([chunk.raw_tiles for chunk in self.chunks])

    def reader(self) -> Reader:
        """Where the answers for the coded rows are."""
        told = [chunk for chunk in self.chunks if len(chunk.states)]
        decoder = Decoder(
            np.concatenate([chunk.states for chunk in told]),
            np.concatenate([chunk.words for chunk in told]),
            np.concatenate([chunk.lengths for chunk in told]),
        )
        return Reader(told[0].table, decoder, np.array([len(chunk.states) for chunk in told]))
