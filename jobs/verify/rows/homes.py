"""How well stored maps can be linked: an earlier map of a home is looked for among later ones.

Whoever has a map of a home from elsewhere finds it among stored ones as well as a map of yesterday
finds one of today. The measure is that of `fortnight bench-maps`, on a few homes of those that are
stored: some drawn by lot, and of each the first and the last version of tiles that came twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import duckdb
import numpy as np

from jobs.maps.relink import HomeMap, rate
from schemas.map_privacy import MapPrivacy
from schemas.tables.map_tiles import TILE

MOST, FEWEST = 10, 4
"""Homes that are compared, at most, which takes a second; of fewer a rate says nothing."""

_DRAWN = 40
"""Devices whose tiles are kept: not every one has been mapped twice."""
_WIDEST = 8
"""Tiles a side: what is wider is no home."""

_TABLE = """
create table if not exists homes
    (device text, map text, tile_x int, tile_y int, version bigint, cells blob, lot text)
"""
_TAKE = """
insert into homes select device, map, tile_x, tile_y, version, cells, md5(device || $seed)
from asked where its_purpose = 'rows' and encoding = 'raw' and octet_length(cells) = $size
"""
_KEEP = """
create or replace table homes as select * from homes
where lot in (select distinct lot from homes order by lot limit $drawn)
qualify row_number() over (partition by device, map, tile_x, tile_y order by version) = 1
    or row_number() over (partition by device, map, tile_x, tile_y order by version desc) = 1
"""
_TWICE = """
select lot, map, tile_x, tile_y, arg_min(cells, version), arg_max(cells, version) from homes
group by all having count(distinct version) > 1 order by lot, map, tile_x, tile_y
"""

_VERSIONS = (2, 3)
"""Where in a `_Tile` the cells of the first version are, and of the last."""
_WALL = 2

_Tile = tuple[Any, ...]
"""(x, y, cells, cells): its place, and its cells in the first and in the last version."""


@dataclass(frozen=True, slots=True)
class Linked:
    """How many homes are found again.

    Attributes:
        homes: That were compared.
        turning, plain: Of 100, by who turns maps and by who only shifts them; None: of so few homes
            that says nothing.
    """

    homes: int
    turning: int | None = None
    plain: int | None = None


def prepare(sql: duckdb.DuckDBPyConnection) -> None:
    """Make what `collect` fills."""
    sql.execute(_TABLE)


def collect(sql: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Keep tiles of some homes of those that are being asked; memory stays bounded."""
    sql.execute(_TAKE, {"seed": str(seed), "size": TILE * TILE})
    sql.execute(_KEEP, {"drawn": _DRAWN})


def mapped_twice(sql: duckdb.DuckDBPyConnection) -> tuple[HomeMap, ...]:
    """Two maps of each of up to `MOST` homes, the earlier one before the later one."""
    found: dict[str, dict[str, list[_Tile]]] = {}
    for lot, name, *tile in sql.execute(_TWICE).fetchall():
        found.setdefault(lot, {}).setdefault(name, []).append(tuple(tile))
    largest = ((lot, max(maps.values(), key=len)) for lot, maps in found.items())
    homes = ((lot, tiles) for lot, tiles in largest if _is_home(tiles))
    some = islice(homes, MOST)
    return tuple(_laid(lot, tiles, which) for lot, tiles in some for which in _VERSIONS)


def linked(maps: tuple[HomeMap, ...]) -> Linked:
    """Compare them; about a second."""
    homes = len(maps) // 2
    if homes < FEWEST:
        return Linked(homes)
    rates = rate(maps, (), MapPrivacy())
    return Linked(homes, round(100 * rates.turning), round(100 * rates.plain))


def _is_home(tiles: Sequence[_Tile]) -> bool:
    """Whether it has walls, in both versions, and is no hall."""
    columns, rows = ({tile[axis] for tile in tiles} for axis in (0, 1))
    is_narrow = all(max(one) - min(one) < _WIDEST for one in (columns, rows))
    return is_narrow and all(any(_WALL in tile[which] for tile in tiles) for which in _VERSIONS)


def _laid(home: str, tiles: Sequence[_Tile], which: int) -> HomeMap:
    """One version of a map's tiles, side by side."""
    left, top = (min(tile[axis] for tile in tiles) for axis in (0, 1))
    right, bottom = (max(tile[axis] for tile in tiles) for axis in (0, 1))
    cells = np.zeros(((bottom - top + 1) * TILE, (right - left + 1) * TILE), np.uint8)
    for tile in tiles:
        x, y = (tile[0] - left) * TILE, (tile[1] - top) * TILE
        cells[y : y + TILE, x : x + TILE] = np.frombuffer(tile[which], np.uint8).reshape(TILE, TILE)
    return HomeMap(home, cells)
