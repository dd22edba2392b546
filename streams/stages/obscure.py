"""Maps tell less, where a vendor's policy says so: contour only, coarser squares, keyed motion.

A motion turns, mirrors and shifts whole maps on the lattice of tiles, so that one tile is all that
it needs: a tile moves as its map moves. A robot's x and y are turned and mirrored in the same way,
or they would tell how its map was moved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.batches import AdmittedBatch
from schemas.map_privacy import MapPrivacies, Motion
from schemas.tables import MAP_TILES, TELEMETRY, Table
from schemas.tables.map_tiles import TILE

_Rows = NDArray[np.intp]
_Moves = Sequence[tuple[Motion, _Rows]]
"""A device's motion, and its rows."""


@dataclass(frozen=True, slots=True)
class Obscuring:
    """What is done to whose maps.

    Attributes:
        options: By vendor.
        keys: Of motions, one a served region, in the order of the regions' codes.
    """

    options: MapPrivacies
    keys: Sequence[bytes] = field(repr=False)

    def obscure(self, admitted: AdmittedBatch, table: Table) -> AdmittedBatch:
        """The same rows in their order, telling no more than their vendors' options let them.

        Deterministic, and each row for itself. Without options nothing is looked at or copied.
        """
        if not self.options or table not in (MAP_TILES, TELEMETRY):
            return admitted
        rows, moves = admitted.rows, [*self._moves(admitted.rows)]
        rows = self._tiles(rows, moves) if table is MAP_TILES else _places(rows, moves)
        return AdmittedBatch(admitted.partition, rows)

    def _moves(self, rows: pa.RecordBatch) -> Iterator[tuple[Motion, _Rows]]:
        moved = [vendor for vendor, options in self.options.items() if options.moved]
        chosen = _of(rows, *moved)
        devices = rows["device"].dictionary_encode()
        names = devices.dictionary.to_pylist()
        regions = rows["region"].to_numpy()[chosen]
        groups = devices.indices.to_numpy()[chosen] * len(self.keys) + regions
        distinct, starts = np.unique(np.sort(groups), return_index=True)
        parts = np.split(chosen[np.argsort(groups, kind="stable")], starts[1:])
        for group, mine in zip(distinct.tolist(), parts, strict=False):
            device, region = divmod(group, len(self.keys))
            yield Motion.of(names[device], self.keys[region]), mine

    def _tiles(self, rows: pa.RecordBatch, moves: _Moves) -> pa.RecordBatch:
        whole = b"".join(rows["cells"].to_pylist())
        cells = np.frombuffer(whole, np.uint8).reshape(-1, TILE, TILE).copy()
        for vendor, options in self.options.items():
            mine = _of(rows, vendor)
            cells[mine] = options.coarsened(cells[mine])
        x, y = (rows[name].to_numpy().copy() for name in ("tile_x", "tile_y"))
        for motion, mine in moves:
            cells[mine] = motion.turned(cells[mine])
            x[mine], y[mine] = motion.placed(x[mine], y[mine])
        packed = pa.array([tile.tobytes() for tile in cells], pa.binary())
        return _with(rows, cells=packed, tile_x=pa.array(x), tile_y=pa.array(y))


def _places(rows: pa.RecordBatch, moves: _Moves) -> pa.RecordBatch:
    x, y = (rows[name].to_numpy(zero_copy_only=False).copy() for name in ("x", "y"))
    for motion, mine in moves:
        x[mine], y[mine] = motion.pointed(x[mine], y[mine])
    nowhere = rows["x"].is_null().to_numpy(zero_copy_only=False)
    return _with(rows, x=pa.array(x, mask=nowhere), y=pa.array(y, mask=nowhere))


def _of(rows: pa.RecordBatch, *vendors: str) -> _Rows:
    """Which rows are of robots of these makers."""
    there = pc.is_in(rows["vendor"].cast(pa.string()), pa.array(vendors, pa.string()))
    return np.flatnonzero(there)


def _with(rows: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    for name, values in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows
