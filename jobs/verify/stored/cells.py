"""Compacted maps, unpacked, so that rows can be asked what they show.

The codec is the one thing that verify has of the pipeline: what it packed, only it unpacks.
"""

import io
from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import IntegrityError
from storage.tiles import decode_tiles, raw


def with_raw_cells(data: bytes, vendors: Collection[str]) -> bytes:
    """A file of map tiles whose cells can be read by anybody; as it was, where they can.

    Args:
        data: The file.
        vendors: Of these makers' robots; the cells of others' compacted tiles become null.

    Raises:
        IntegrityError: It is no such file, or its cells cannot be unpacked.
    """
    try:
        rows = pq.read_table(pa.BufferReader(data))
        if pc.all(pc.equal(rows["encoding"], raw.ENCODING)).as_py():
            return data
        wanted = pc.is_in(rows["vendor"], pa.array(list(vendors), pa.string()))
        some = rows.filter(wanted)  # whole devices: a device has one maker
        cells = raw.encode(decode_tiles(some)) if some.num_rows else pa.nulls(0, pa.binary())
    except (pa.ArrowException, KeyError, OSError, ValueError):
        raise IntegrityError("tiles that cannot be unpacked") from None
    shown = _column(_column(some, "cells", cells), "encoding", pa.repeat(raw.ENCODING, len(cells)))
    others = rows.filter(pc.invert(wanted))
    others = _column(others, "cells", pa.nulls(others.num_rows, pa.binary()))
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables([shown, others]), sink, compression="zstd")
    return sink.getvalue()


def _column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)
