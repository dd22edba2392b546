"""The key columns of tile rows, as the codec needs them: what belongs together, in which order."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Keys:
    """Rows sorted by device, map, tile_y, tile_x, version; (n,) int64 each.

    Device and map are numbers that sort like their rows (ranks, dictionary indices): only
    whether two neighbours are equal matters. Map numbers need be unique within a device only.

    Raises:
        ValueError: The columns differ in length, or the rows are not sorted.
    """

    device: Ints
    map: Ints
    tile_y: Ints
    tile_x: Ints
    version: Ints

    def __post_init__(self) -> None:
        columns = self._columns()
        if any(column.shape != (len(self),) or column.dtype != np.int64 for column in columns):
            raise ValueError("key columns must be (n,) int64, all of one length")
        undecided = np.ones(max(len(self) - 1, 0), bool)
        for column in columns:
            if (undecided & (column[1:] < column[:-1])).any():
                raise ValueError("rows must be sorted by device, map, tile_y, tile_x, version")
            undecided &= column[1:] == column[:-1]

    def __len__(self) -> int:
        return len(self.device)

    def __getitem__(self, rows: slice | Ints) -> "Keys":
        """Those rows, in the order of the table."""
        return Keys(*(column[rows] for column in self._columns()))

    def device_numbers(self) -> Ints:
        """(n,) 0, 1, 2 ... by device."""
        return np.cumsum(_begins(self.device)) - 1

    def map_numbers(self) -> Ints:
        """(n,) 0, 1, 2 ... by device and map."""
        return np.cumsum(_begins(self.device, self.map)) - 1

    def device_starts(self) -> Ints:
        """(d + 1,) first row of every device, and the number of rows."""
        return np.append(np.flatnonzero(_begins(self.device)), len(self))

    def chains(self) -> tuple[Ints, Ints]:
        """(c,) first row and (c,) number of the versions of every tile."""
        first = np.flatnonzero(_begins(*self._columns()[:4]))
        return first, np.diff(first, append=len(self))

    def fingerprint(self) -> int:
        """CRC-32 of what decoding depends on: a chunk put beside other rows is found out."""
        crc = zlib.crc32(np.packbits(_begins(self.device, self.map)).tobytes())
        for column in (self.tile_y, self.tile_x, self.version):
            crc = zlib.crc32(column.astype("<i8").tobytes(), crc)
        return crc

    def _columns(self) -> tuple[Ints, ...]:
        return self.device, self.map, self.tile_y, self.tile_x, self.version


def _begins(*columns: Ints) -> NDArray[np.bool_]:
    """(n,) whether the row differs from the one before in any of the columns."""
    begins = np.ones(len(columns[0]), bool)
    begins[1:] = False
    for column in columns:
        begins[1:] |= column[1:] != column[:-1]
    return begins
