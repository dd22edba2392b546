"""A real robot's own map -> tiles: what a maker puts between Valetudo's API and Kafka.

Reads Valetudo's map format, version 2 (github.com/Hypfer/Valetudo, `ValetudoMap`): layers
`floor`, `wall` and `segment`, each with `compressedPixels` = [x, y, run, ...] along x or, from
older versions, `pixels` = [x, y, ...]. Rooms' names, restricted areas and obstacles stay with the
robot: no field of a tile could hold them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas.errors import ContractError, DecodeError
from schemas.tables.map_tiles import MAX_LABEL, TILE, Layer, MapTile

FLOOR, WALL, PATH = 1, 2, 3
MAX_SEGMENT = MAX_LABEL - PATH

_Labels = NDArray[np.uint8]
_MAX_SIDE = 1024 * TILE
"""Beyond it no tile has an index."""


class _MetaData(msgspec.Struct, frozen=True, rename="camel"):
    segment_id: str | int | None = None
    version: int | None = None


class _Layer(msgspec.Struct, frozen=True, rename="camel"):
    type: str
    meta_data: _MetaData = _MetaData()
    pixels: tuple[int, ...] = ()
    compressed_pixels: tuple[int, ...] = ()


class _Entity(msgspec.Struct, frozen=True):
    type: str
    points: tuple[float, ...] = ()


class _Map(msgspec.Struct, frozen=True, rename="camel"):
    pixel_size: int
    layers: tuple[_Layer, ...]
    entities: tuple[_Entity, ...] = ()
    meta_data: _MetaData = _MetaData()


class RobotMap(msgspec.Struct, frozen=True):
    """A map as cells on the robot's own frame.

    Attributes:
        cells: {(tile y, tile x): (64, 64) uint8 labels}, only tiles that are not empty.
        pixel_size: Centimetres a cell is wide.
    """

    cells: Mapping[tuple[int, int], _Labels]
    pixel_size: int


def read(document: bytes, *, with_path: bool = False) -> RobotMap:
    """Read a map; deterministic.

    A wall wins over a segment and a segment over floor where layers overlap, as Valetudo draws
    them. Segment s is label 3 + s where the robot's ids are 1..31, else they are counted from 1.

    Args:
        document: The robot's JSON.
        with_path: Also draw where the robot drove, as label 3, over everything but walls.

    Raises:
        DecodeError: It is not a map of this format.
        ContractError: It does not fit into tiles: too large, or more than 31 segments.
    """
    try:
        found = msgspec.json.decode(document, type=_Map)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DecodeError("not a map of Valetudo's format") from None
    if found.meta_data.version not in {None, 1, 2}:
        raise DecodeError("a later version of Valetudo's map format")
    return RobotMap(dict(_cut(_paint(found, with_path=with_path))), found.pixel_size)


def tiles(
    robot_map: RobotMap, *, device: str, name: str, version: int, event_time: int
) -> list[MapTile]:
    """One record a tile, with encoding `runs`; later versions must have a greater `version`.

    Args:
        robot_map: As `read` gives it.
        device: Its id, also the key of the records.
        name: Of the map: the same for every version of one map.
        version: Grows with every version of the map.
        event_time: Microseconds since 1970 in UTC by the robot's clock.
    """
    return [
        MapTile(
            device=device,
            event_time=event_time,
            map=name,
            tile_x=x,
            tile_y=y,
            version=version,
            encoding="runs",
            layers=layers(cells),
            pixel_size=robot_map.pixel_size,
        )
        for (y, x), cells in sorted(robot_map.cells.items())
    ]


def layers(cells: _Labels) -> tuple[Layer, ...]:
    """A tile's cells as runs along x, one layer a label; layers never overlap.

    Args:
        cells: (64, 64) uint8 labels; 0 is in no layer.
    """
    flat = cells.ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=flat[0] ^ 1) | (np.arange(flat.size) % TILE == 0))
    counts = np.diff(starts, append=flat.size)
    runs = np.stack([starts % TILE, starts // TILE, counts], axis=1)
    labels = flat[starts]
    return tuple(
        Layer(label=label, runs=tuple(runs[labels == label].ravel().tolist()))
        for label in np.unique(labels).tolist()
        if label
    )


def _paint(found: _Map, *, with_path: bool) -> _Labels:
    """(height, width) labels from the frame's corner."""
    labels = _labels(found.layers)
    order = sorted(range(len(labels)), key=lambda i: (labels[i] == WALL, labels[i]))
    pixels = {i: _pixels(found.layers[i]) for i in order}
    way = _way(found) if with_path else np.empty((0, 2), np.int64)
    everything = np.concatenate([*pixels.values(), way, np.zeros((1, 2), np.int64)])
    if everything.min() < 0 or everything.max() >= _MAX_SIDE:
        raise ContractError("the map is larger than tiles can be counted")
    width, height = everything.max(axis=0) // TILE * TILE + TILE
    cells = np.zeros((int(height), int(width)), np.uint8)
    for i in order:
        x, y = pixels[i].T
        cells[y, x] = labels[i]
    x, y = way.T
    drawn = cells[y, x] != WALL
    cells[y[drawn], x[drawn]] = PATH
    return cells


def _labels(found: Sequence[_Layer]) -> list[int]:
    ids = [layer.meta_data.segment_id for layer in found if layer.type == "segment"]
    numbers = [int(text) for text in map(str, ids) if text.isdecimal()]
    if len(set(numbers)) < len(ids) or not all(1 <= s <= MAX_SEGMENT for s in numbers):
        numbers = list(range(1, len(ids) + 1))
    if len(ids) > MAX_SEGMENT:
        raise ContractError("the map has more than 31 segments")
    rest = iter(numbers)
    return [_label(layer.type, rest) for layer in found]


def _label(kind: str, segments: Iterator[int]) -> int:
    match kind:
        case "floor":
            return FLOOR
        case "wall":
            return WALL
        case "segment":
            return PATH + next(segments)
    raise DecodeError("a layer that is neither floor, wall nor segment")


def _pixels(layer: _Layer) -> NDArray[np.int64]:
    """(n, 2) x, y of a layer's cells."""
    numbers = layer.compressed_pixels or layer.pixels
    size: Literal[2, 3] = 3 if layer.compressed_pixels else 2
    if len(numbers) % size:
        raise DecodeError("a layer's pixels are cut off")
    if any(not 0 <= number < _MAX_SIDE for number in numbers):
        raise ContractError("the map is larger than tiles can be counted")
    table = np.array(numbers, np.int64).reshape(-1, size)
    if size == 2:  # noqa: PLR2004 - x, y
        return table
    x, y, counts = table.T
    ends = np.cumsum(counts)
    along = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
    return np.stack([np.repeat(x, counts) + along, np.repeat(y, counts)], axis=1)


def _way(found: _Map) -> NDArray[np.int64]:
    """(n, 2) x, y of the cells on the robot's path, each line of it filled."""
    pieces = [np.empty((0, 2), np.int64)]
    for entity in found.entities:
        if entity.type == "path":
            points = np.array(entity.points[: len(entity.points) // 2 * 2]).reshape(-1, 2)
            pieces += [_line(a, b) for a, b in pairwise(points / found.pixel_size)]
    return np.concatenate(pieces)


def _line(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.int64]:
    n = int(np.abs(end - start).max()) + 2
    return np.floor(np.linspace(start, end, n)).astype(np.int64)


def _cut(cells: _Labels) -> Iterator[tuple[tuple[int, int], _Labels]]:
    height, width = (side // TILE for side in cells.shape)
    pieces = cells.reshape(height, TILE, width, TILE)
    for y, x in np.argwhere(pieces.any(axis=(1, 3))).tolist():
        yield (y, x), np.ascontiguousarray(pieces[y, :, x])
