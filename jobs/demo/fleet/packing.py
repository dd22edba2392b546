"""A tile's cells in each encoding that robots use; all say the same cells."""

import io
import zlib
from typing import Any, Literal

import msgspec
import numpy as np
from PIL import Image

from jobs.valetudo import layers
from schemas.tables.map_tiles import TILE, MapTile

Encoding = Literal["raw", "zlib", "png", "runs"]

ENCODINGS: tuple[Encoding, ...] = ("raw", "zlib", "png", "runs")


def pack(tile: MapTile, encoding: Encoding) -> MapTile:
    """The same tile with its cells in another encoding.

    Args:
        tile: With encoding `raw`.
        encoding: What it shall be.
    """
    cells = np.frombuffer(tile.cells or b"", np.uint8).reshape(TILE, TILE)
    packed: dict[str, Any]
    match encoding:
        case "raw":
            packed = {"cells": tile.cells}
        case "zlib":
            packed = {"cells": zlib.compress(cells.tobytes())}
        case "png":
            packed = {"cells": png(Image.fromarray(cells))}
        case "runs":
            packed = {"cells": None, "layers": layers(cells)}
    return msgspec.structs.replace(tile, encoding=encoding, **packed)


def png(image: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
