"""What readers see: each table as one dataset over its regions, and maps put together from tiles.

A reader sees whole commits: the files of one version of each region's log. A file may be taken away
while a long query runs (10 minutes after a compaction, at once by an erasure); then the log is to
be read again: `reading` does that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from schemas.privacy import Privacy, column
from schemas.regions import Region
from schemas.tables.map_tiles import MAP_TILES, TILE
from storage.decoded import DecodedTiles, readable_at
from storage.lake import Destination
from storage.tiles import decode_tiles

REGION = column("region", pa.string(), privacy=Privacy.GENERALISED, purpose="residency")
"""The column that readers get for where a row lives."""

Lake = Mapping[tuple[str, Region], Destination]
"""Every destination, by table's name and region: `storage.places.open_lake`."""

Result = TypeVar("Result")

_TRIES = 3

_KEYS = ["device", "map", "tile_y", "tile_x", "version", "event_time", "offset"]
_PLACE = "place"


def open_table(name: str, lake: Lake, regions: Iterable[Region] = ()) -> ds.Dataset:
    """A table as it is now, with the columns `date`, `expires` and `region`.

    Files and row groups that a filter excludes by date, region, time or device are not read. Map
    tiles come with raw cells, whichever tier they lie in.

    Args:
        name: The table's.
        lake: Where it lies.
        regions: Those wanted; none for all that have it.

    Raises:
        KeyError: None of the regions has such a table.
    """
    wanted = {*regions}
    parts = [
        _in_region(destination)
        for (table, region), destination in lake.items()
        if table == name and (region in wanted or not wanted)
    ]
    if not parts:
        raise KeyError(name)
    whole = parts[0] if len(parts) == 1 else ds.dataset(parts)
    return DecodedTiles(whole) if name == MAP_TILES.name else whole


def connect(lake: Lake, regions: Iterable[Region] = ()) -> duckdb.DuckDBPyConnection:
    """DuckDB with one view a table, all times in UTC; closed by the caller."""
    wanted = [*regions]
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    for name in sorted({table for table, _ in lake}):
        connection.register(name, open_table(name, lake, wanted))
    return connection


def reading(read: Callable[[], Result]) -> Result:
    """Call what opens and reads tables; again where a file was taken away meanwhile.

    Raises:
        OSError, duckdb.Error: Files went missing each time.
    """
    for _ in range(_TRIES - 1):
        try:
            return read()
        except FileNotFoundError:
            continue
        except duckdb.Error as error:
            if FileNotFoundError.__name__ not in str(error):  # DuckDB wraps it
                raise
    return read()


def _in_region(destination: Destination) -> ds.FileSystemDataset:
    source = destination.dataset()
    here = pc.field(REGION.name) == destination.region
    fragments = [
        source.format.make_fragment(
            fragment.path, fragment.filesystem, fragment.partition_expression & here
        )
        for fragment in source.get_fragments()
    ]
    schema = source.schema.append(REGION)
    return ds.FileSystemDataset(fragments, schema, source.format, source.filesystem)


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """A map put together from its tiles, as it was at an instant.

    Attributes:
        map: Its pseudonym.
        cells: (64 * tiles high, 64 * tiles wide) uint8, labels; unknown where there is no tile.
        left: Tile x of the first column.
        top: Tile y of the first row.
        pixel_size: Centimetres a cell.
        missing: (tile x, tile y) within the plan of which no version is there.
    """

    map: str
    cells: NDArray[np.uint8]
    left: int
    top: int
    pixel_size: int
    missing: tuple[tuple[int, int], ...]


def latest_tiles(
    tiles: ds.Dataset, device: str, map_name: str | None = None, *, at: datetime | None = None
) -> pa.Table:
    """The latest version of each tile of one map, at or before an instant.

    Cells are read only from files that hold one of them.

    Args:
        tiles: The table `map_tiles`.
        device: Pseudonym.
        map_name: Pseudonym; None for the map with the newest tile.
        at: UTC; None: the present.

    Returns:
        Rows of `map_tiles`, one a tile, ordered by (tile_y, tile_x); none where nothing is known.
    """
    wanted = mine = pc.field("device") == device
    if at is not None:
        wanted &= pc.field("event_time") <= pa.scalar(at, pa.timestamp("us", "UTC"))
    keys = tiles.to_table([*_KEYS, "__filename"], filter=wanted)
    if not keys.num_rows:
        return tiles.schema.empty_table()
    if map_name is None:
        map_name = keys["map"][pc.index(keys["event_time"], pc.max(keys["event_time"])).as_py()]
    same = pc.field("map") == map_name
    files = {*_newest(keys.filter(same))["__filename"].to_pylist()}
    rows = [
        _newest_of(fragment.to_table(tiles.schema, filter=mine), wanted & same)
        for fragment in tiles.get_fragments(wanted)
        if fragment.path in files
    ]
    return _newest(pa.concat_tables([tiles.schema.empty_table(), *rows]))


class Mosaic:
    """A map's tiles laid side by side, in a frame that has a place for each of them."""

    def __init__(self, rows: pa.Table) -> None:
        """A frame for these rows, and no tile in it.

        Args:
            rows: Of `map_tiles`, at least one, all of one map.

        Raises:
            ValueError: There is no row.
        """
        if not rows.num_rows:
            raise ValueError("a map without tiles")
        x, y = rows["tile_x"].to_numpy().astype(int), rows["tile_y"].to_numpy().astype(int)
        self._left, self._top = int(x.min()), int(y.min())
        self._places = y - self._top, x - self._left
        high, wide = (int(along.max()) + 1 for along in self._places)
        self._grid = np.zeros((high, wide, TILE, TILE), np.uint8)
        self._is_there = np.zeros((high, wide), bool)
        self._map, self._pixel_size = rows["map"][0].as_py(), rows["pixel_size"][0].as_py()

    def lay(self, cells: NDArray[np.uint8], row: slice | int = slice(None)) -> None:
        """Put tiles into their places, over what is there: (n, 64, 64) labels of those rows."""
        y, x = (along[row] for along in self._places)
        self._grid[y, x] = cells
        self._is_there[y, x] = True

    def plan(self) -> FloorPlan:
        """The map as it is now; its cells are the caller's own."""
        high, wide = self._is_there.shape
        cells = self._grid.transpose(0, 2, 1, 3).copy().reshape(high * TILE, wide * TILE)
        absent = np.argwhere(~self._is_there)
        missing = tuple((self._left + int(x), self._top + int(y)) for y, x in absent)
        return FloorPlan(self._map, cells, self._left, self._top, self._pixel_size, missing)


def assemble(rows: pa.Table) -> FloorPlan:
    """Put a map together.

    Args:
        rows: Of `map_tiles`, at least one, one a tile, all of one map: `latest_tiles`.

    Raises:
        ValueError: There is no row.
        IntegrityError: Cells cannot be read.
    """
    mosaic = Mosaic(rows)
    mosaic.lay(decode_tiles(rows))
    return mosaic.plan()


def _newest_of(device: pa.Table, wanted: pc.Expression) -> pa.Table:
    """Of a file's rows of a device, all of them for so they can be decoded, the newest wanted."""
    numbered = device.select(_KEYS).append_column(_PLACE, pa.array(range(device.num_rows)))
    places = _newest(numbered.filter(wanted))[_PLACE]
    return readable_at(device, np.sort(places.to_numpy()))


def _newest(rows: pa.Table) -> pa.Table:
    """Of each tile the row with the highest version."""
    if not rows.num_rows:
        return rows
    order = [("tile_y", "ascending"), ("tile_x", "ascending"), ("version", "ascending")]
    rows = rows.sort_by([*order, ("event_time", "ascending"), ("offset", "ascending")])
    y, x = rows["tile_y"].to_numpy(), rows["tile_x"].to_numpy()
    last = np.append((np.diff(y) != 0) | (np.diff(x) != 0), [True])
    return rows.filter(pa.array(last))
