"""Maps tell less, where a maker's policy says so: contour only, coarser squares, keyed motion.

A motion turns, mirrors and shifts whole maps on the lattice of tiles, so that one tile is all that
it needs: a tile moves as its map moves. A robot's x and y are turned and mirrored in the same way,
or they would tell how its map was moved.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.batches import AdmittedBatch
from schemas.map_privacy import MapPrivacy, Motion
from schemas.references import replaced, resolved
from schemas.tables import MAP_TILES, TELEMETRY, Table
from storage.tiles import raw

_Rows = NDArray[np.intp]
_Places = NDArray[np.int16]
_Moves = Sequence[tuple[Motion, _Rows]]
"""A device's motion, and its rows."""

_AT_ONCE = 1_000
"""Tiles: what is made of them meanwhile stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Obscuring:
    """What is done to whose maps.

    Attributes:
        options: By policy: a row's `policy` is a place in it.
        keys: Of motions, one a served region, in the order of the regions' codes.
    """

    options: Sequence[MapPrivacy]
    keys: Sequence[bytes] = field(repr=False)

    def obscure(self, admitted: AdmittedBatch, table: Table) -> AdmittedBatch:
        """The same rows in their order, telling no more than their makers' options let them.

        Deterministic, and each row for itself. A batch that no option is for is neither looked at
        nor copied.
        """
        rows = admitted.rows
        if table is MAP_TILES and len(_of(rows, self._hiding)):
            rows = self._tiles(rows)
        elif table is TELEMETRY and len(_of(rows, self._moving)):
            rows = self._places(rows)
        else:
            return admitted
        return AdmittedBatch(admitted.partition, rows, admitted.blanked)

    @property
    def _hiding(self) -> list[int]:
        return self._policies(lambda one: one != MapPrivacy())

    @property
    def _moving(self) -> list[int]:
        return self._policies(lambda one: one.moved)

    def _policies(self, has: Callable[[MapPrivacy], bool]) -> list[int]:
        return [code for code, one in enumerate(self.options) if has(one)]

    def _moves(self, rows: pa.RecordBatch) -> Iterator[tuple[Motion, _Rows]]:
        chosen = _of(rows, self._moving)
        devices = rows["device"].dictionary_encode()
        names = devices.dictionary.to_pylist()
        regions = rows["region"].to_numpy()[chosen]
        groups = devices.indices.to_numpy()[chosen] * len(self.keys) + regions
        distinct, starts = np.unique(np.sort(groups), return_index=True)
        parts = np.split(chosen[np.argsort(groups, kind="stable")], starts[1:])
        for group, mine in zip(distinct.tolist(), parts, strict=False):
            device, region = divmod(group, len(self.keys))
            yield Motion.of(names[device], self.keys[region]), mine

    def _tiles(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        mine = _of(rows, self._hiding)
        x, y = (rows[name].to_numpy().copy() for name in ("tile_x", "tile_y"))
        hidden = []
        for some in np.array_split(mine, len(mine) // _AT_ONCE + 1):
            cells, x[some], y[some] = self._hidden(rows.take(pa.array(some)))
            hidden.append(raw.encode(cells))
        packed = replaced(rows["cells"], mine, pa.chunked_array(hidden))
        return _with(rows, cells=packed, tile_x=pa.array(x), tile_y=pa.array(y))

    def _hidden(self, rows: pa.RecordBatch) -> tuple[NDArray[np.uint8], _Places, _Places]:
        """Cells, x and y of tiles for whose makers something is to be done."""
        cells = _unpacked(rows["cells"])
        for code in self._hiding:
            some = _of(rows, [code])
            cells[some] = self.options[code].coarsened(cells[some])
        x, y = (rows[name].to_numpy().copy() for name in ("tile_x", "tile_y"))
        for motion, some in self._moves(rows):
            cells[some] = motion.turned(cells[some])
            x[some], y[some] = motion.placed(x[some], y[some])
        return cells, x, y

    def _places(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        x, y = (rows[name].to_numpy(zero_copy_only=False).copy() for name in ("x", "y"))
        for motion, mine in self._moves(rows):
            x[mine], y[mine] = motion.pointed(x[mine], y[mine])
        nowhere = rows["x"].is_null().to_numpy(zero_copy_only=False)
        return _with(rows, x=pa.array(x, mask=nowhere), y=pa.array(y, mask=nowhere))


def _of(rows: pa.RecordBatch, policies: Sequence[int]) -> _Rows:
    """Which rows these policies hold for."""
    return np.flatnonzero(np.isin(rows["policy"].to_numpy(), policies))


def _unpacked(tiles: pa.DictionaryArray) -> NDArray[np.uint8]:
    """(n, 64, 64) uint8, a copy; each tile has all its cells since it was unpacked."""
    return raw.decode(resolved(tiles).cast(pa.binary())).copy()


def _with(rows: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    for name, values in columns.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    return rows
