"""Map tiles: one version of one 64 x 64 piece of a robot's floor plan."""

from typing import Annotated, Literal, TypedDict

import msgspec
import pyarrow as pa

from schemas.privacy import Privacy, column
from schemas.tables.declare import DEVICE, LINEAGE, Identifier, Microseconds, Table
from schemas.tables.telemetry import Subsystem

TILE = 64
"""Cells a side."""

CELLS = TILE * TILE

MAX_LABEL = 34
"""0 unknown, 1 floor, 2 wall, 3 path, 3 + s segment s of 1..31."""

TileIndex = Annotated[int, msgspec.Meta(ge=-1024, le=1023)]
Run = Annotated[int, msgspec.Meta(ge=0, le=TILE)]


class Layer(TypedDict):
    """The cells of one label, as Valetudo compresses them: x, y, run, x, y, run, ... along x."""

    label: Annotated[int, msgspec.Meta(ge=1, le=MAX_LABEL)]
    runs: Annotated[tuple[Run, ...], msgspec.Meta(max_length=3 * CELLS)]


class MapTile(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one tile as a robot publishes it on `fleet.map-tiles`.

    `cells` is base64 in JSON and bin in MessagePack, row by row from the smallest y;
    with encoding `runs` there are `layers` in its place.
    """

    device: Identifier
    event_time: Microseconds
    map: Identifier
    tile_x: TileIndex
    tile_y: TileIndex
    version: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    encoding: Literal["raw", "zlib", "png", "runs"]
    cells: Annotated[bytes, msgspec.Meta(max_length=2 * CELLS)] | None = None
    layers: Annotated[tuple[Layer, ...], msgspec.Meta(max_length=64)] | None = None
    pixel_size: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    fault: Subsystem | None = None


_PLAN = "maps for cleaning and for finding faults"

MAP_TILES = Table(
    name="map_tiles",
    topic="fleet.map-tiles",
    wire=MapTile,
    sort=("device", "map", "tile_y", "tile_x", "version"),
    zstd_level=9,  # MAPS.md's measure: the smallest at >= 50,000 tiles a second
    schema=pa.schema(
        [
            *DEVICE,
            column("map", pa.string(), privacy=Privacy.PSEUDONYM, purpose="tiles of one map"),
            column("tile_x", pa.int16(), privacy=Privacy.MAP, purpose=_PLAN, unit="tile"),
            column("tile_y", pa.int16(), privacy=Privacy.MAP, purpose=_PLAN, unit="tile"),
            column("version", pa.int64(), privacy=Privacy.MAP, purpose=_PLAN),
            column(
                "encoding",
                pa.string(),
                privacy=Privacy.LINEAGE,
                purpose="how cells are read",
                note="raw: 4096 labels, row by row; context: a device's chunk, in its first row",
            ),
            column(
                "cells",
                pa.binary(),
                privacy=Privacy.MAP,
                purpose=_PLAN,
                unit="label",
                note="0 unknown, 1 floor, 2 wall, 3 path, 3+s segment s",
            ),
            column("pixel_size", pa.int8(), privacy=Privacy.MAP, purpose=_PLAN, unit="cm"),
            column(
                "fault",
                pa.string(),
                privacy=Privacy.MEASURE,
                purpose="for which fault the tile was sent",
            ),
            *LINEAGE,
        ]
    ),
)
