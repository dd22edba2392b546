"""The compacted tier's codec, as rows hold it: a device's chunk lies in the cells of its first row.

The cells of the device's other rows in the file are empty. So all rows of one device in one file
are read, kept or dropped together, and without any other device; a row on its own cannot be read,
which is found out (a chunk knows which rows it is of), never guessed.
"""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import IntegrityError
from schemas.tables.map_tiles import TILE
from storage.tiles import context
from storage.tiles.chunk import parse
from storage.tiles.keys import Ints, Keys
from storage.tiles.tables import SHIPPED

ENCODING = "context"

Bools = NDArray[np.bool_]


def encode_rows(rows: pa.Table, cells: NDArray[np.uint8]) -> pa.Array:
    """Pack tiles.

    Args:
        rows: Of `map_tiles`, in the table's order, all rows of each device.
        cells: (n, 64, 64) uint8, labels, one a row.

    Returns:
        (n,) binary, for the column `cells`.

    Raises:
        ValueError: The rows are not in order.
    """
    starts = _changes(rows, "device")
    chunks = context.encode(cells, _keys(rows, starts))
    column = np.full(rows.num_rows, b"", object)
    column[starts] = chunks
    return pa.array(column, pa.binary())


def decode_rows(rows: pa.Table) -> NDArray[np.uint8]:
    """Unpack what `encode_rows` packed, of whole devices, from any number of files.

    Raises:
        IntegrityError: A chunk is damaged, or not all of its rows are there in their order.
    """
    if not rows.num_rows:
        return np.empty((0, TILE, TILE), np.uint8)
    return context.decode(*_chunks(rows))


def newest_rows(rows: pa.Table) -> Ints:
    """Which rows `decode_newest` gives, found out without decoding."""
    first, length = _chunks(rows)[1].chains()
    return first + length - 1


def decode_newest(rows: pa.Table) -> tuple[Ints, NDArray[np.uint8]]:
    """Unpack the newest version of each tile of each chunk, and no older one.

    Args:
        rows: As for `decode_rows`, at least one.

    Returns:
        (c,) which rows those are, ascending, and (c, 64, 64) uint8 their labels.

    Raises:
        IntegrityError: As for `decode_rows`.
    """
    return context.decode_latest(*_chunks(rows))


def _chunks(rows: pa.Table) -> tuple[list[bytes], Keys]:
    """The chunks of whole devices, and what their rows are."""
    starts = chunk_starts(rows)
    if not starts[0] or np.any(_changes(rows, "device") & ~starts):
        raise IntegrityError("map_tiles: rows without the chunk that holds their cells")
    try:
        keys = _keys(rows, starts)
    except ValueError:
        raise IntegrityError("map_tiles: rows of a chunk are not in order") from None
    return rows["cells"].filter(pa.array(starts)).to_pylist(), keys


def chunk_starts(rows: pa.Table) -> Bools:
    """(n,) whether a row holds a chunk, which is of this row and those up to the next chunk."""
    lengths = pc.fill_null(pc.binary_length(rows["cells"]), 0)
    found: Bools = pc.greater(lengths, 0).to_numpy()
    return found


def check_rows(rows: pa.Table) -> str | None:
    """Test that rows may be stored as they are: every chunk before exactly the rows that it is of.

    Args:
        rows: Of `map_tiles`, of any encoding, in the order of their file.

    Returns:
        SHA-256 of the codec's table that the chunks need; None where none is needed.

    Raises:
        IntegrityError: Rows were left out, or files' rows mixed, or a table is unknown.
    """
    mine = rows.filter(pc.equal(rows["encoding"], ENCODING))
    if not mine.num_rows:
        return None
    starts = chunk_starts(mine)
    if not np.array_equal(starts, _changes(mine, "device")):
        raise IntegrityError("map_tiles: a device's rows need one chunk, in the first of them")
    keys, places = _keys(mine, starts), [*np.flatnonzero(starts).tolist(), mine.num_rows]
    chunks = mine["cells"].filter(pa.array(starts)).to_pylist()
    digests = {
        parse(chunk, keys[slice(*place)], SHIPPED).table.digest
        for chunk, place in zip(chunks, pairwise(places), strict=True)
    }
    if len(digests) > 1:
        raise IntegrityError("map_tiles: chunks of several tables in one file")
    return digests.pop()


def _keys(rows: pa.Table, starts: Bools) -> Keys:
    chunk = np.cumsum(starts) - 1
    plan = np.cumsum(starts | _changes(rows, "map")) - 1
    places = (rows[name].to_numpy() for name in ("tile_y", "tile_x", "version"))
    return Keys(chunk, plan, *(place.astype(np.int64) for place in places))


def _changes(rows: pa.Table, name: str) -> Bools:
    """(n,) whether a row's value differs from that of the row before."""
    values = rows[name].unify_dictionaries().combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # no chunk at all
        return np.zeros(0, bool)
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    codes: NDArray[np.int32] = values.indices.to_numpy()
    changes = np.ones(len(codes), bool)
    changes[1:] = codes[1:] != codes[:-1]
    return changes
