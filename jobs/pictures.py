"""Maps as pictures that say at a glance what is where: rooms, walls, path, scale, what is missing.

Pure: cells in, an image out; the same cells make the same pixels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.tables.map_tiles import MAX_LABEL, TILE
from storage.dataset import FloorPlan

FLOOR, WALL, PATH = 1, 2, 3

_Colour = tuple[int, int, int]
_PAPER, _INK, _FAINT = (255, 255, 255), (38, 50, 56), (120, 134, 142)
_BASE: tuple[_Colour, ...] = ((228, 232, 235), (250, 246, 236), (55, 65, 72), (25, 103, 210))
"""Unknown, floor, wall, path."""

_ROOMS: tuple[_Colour, ...] = (
    (255, 213, 153),
    (168, 216, 185),
    (178, 205, 251),
    (244, 180, 190),
    (216, 196, 240),
    (253, 236, 150),
    (160, 222, 228),
    (222, 204, 182),
    (206, 226, 146),
    (238, 190, 226),
    (190, 198, 214),
)
"""Light enough for a wall and a path to stand out; neighbours in the list differ in hue."""

_LONG_SIDE = 900
_MARGIN, _LINE, _LEGEND, _TITLE = 28, 24, 250, 78
_HATCH = 12
_AROUND = 6
"""Cells of surroundings that stay in the picture."""


def draw(plan: FloorPlan, title: str, notes: Sequence[str] = ()) -> Image.Image:
    """The map with a title, a legend and a scale of one metre, RGB.

    Args:
        plan: What to draw; tiles of which nothing is known are hatched.
        title: The largest line.
        notes: Below it, smaller: when, which version, what is missing.
    """
    top, left, bottom, right = _frame(plan.cells)
    cells = plan.cells[top:bottom, left:right]
    scale = max(1, min(8, _LONG_SIDE // max(cells.shape)))
    picture = _coloured(cells, _missing(plan)[top:bottom, left:right], scale)
    legend = list(_legend(plan, cells))
    sheet = Image.new("RGB", _sheet_size(picture, len(legend)), _PAPER)
    sheet.paste(picture, (_MARGIN, _TITLE))
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, 16), title, _INK, ImageFont.load_default(22))
    pen.text((_MARGIN, 46), "   ".join(notes), _FAINT, ImageFont.load_default(15))
    _draw_legend(pen, legend, (picture.width + 2 * _MARGIN, _TITLE))
    below = _TITLE + picture.height + 16
    _draw_scale(pen, (_MARGIN, below), scale * 100 // plan.pixel_size)
    return sheet


def _missing(plan: FloorPlan) -> NDArray[np.bool_]:
    """(height, width) bool: the cells of tiles that are missing."""
    mask = np.zeros(plan.cells.shape, bool)
    for x, y in plan.missing:
        mask[(y - plan.top) * TILE :, (x - plan.left) * TILE :][:TILE, :TILE] = True
    return mask


def _frame(cells: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The rectangle of known cells, and a little around it."""
    rows, columns = np.nonzero(cells)
    if not len(rows):
        return 0, 0, *cells.shape
    return (
        max(0, int(rows.min()) - _AROUND),
        max(0, int(columns.min()) - _AROUND),
        min(cells.shape[0], int(rows.max()) + _AROUND + 1),
        min(cells.shape[1], int(columns.max()) + _AROUND + 1),
    )


def _colour(label: int) -> _Colour:
    return _BASE[label] if label <= PATH else _ROOMS[(label - PATH - 1) % len(_ROOMS)]


def _coloured(cells: NDArray[np.uint8], missing: NDArray[np.bool_], scale: int) -> Image.Image:
    palette = np.array([_colour(min(label, MAX_LABEL)) for label in range(256)], np.uint8)
    large = np.kron(cells, np.ones((scale, scale), np.uint8))
    pixels = palette[large]
    y, x = np.indices(large.shape)
    hatched = np.kron(missing, np.ones((scale, scale), bool)) & ((y + x) % _HATCH < _HATCH // 4)
    pixels[hatched] = _FAINT
    return Image.fromarray(pixels)


def _legend(plan: FloorPlan, cells: NDArray[np.uint8]) -> Iterator[tuple[_Colour | None, str]]:
    """(colour, words) of everything in the picture; None is what is missing."""
    names = {WALL: "wall", PATH: "the robot's path", FLOOR: "floor", 0: "unknown"}
    area = (plan.pixel_size / 100) ** 2
    for label, count in zip(*np.unique(_under_path(cells), return_counts=True), strict=True):
        if label > PATH:
            yield _colour(int(label)), f"room {label - PATH}   {count * area:.1f} sq m"
    for label, name in names.items():
        if (cells == label).any():
            yield _colour(label), name
    if plan.missing:
        yield None, "no tile here"


def _under_path(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The cells with the path taken for what lies to its left."""
    columns = np.where(cells == PATH, 0, np.arange(cells.shape[1]))
    return np.take_along_axis(cells, np.maximum.accumulate(columns, axis=1), axis=1)


def _draw_legend(
    pen: ImageDraw.ImageDraw, legend: list[tuple[_Colour | None, str]], at: tuple[int, int]
) -> None:
    font = ImageFont.load_default(15)
    for line, (colour, words) in enumerate(legend):
        x, y = at[0], at[1] + line * _LINE
        pen.rectangle((x, y, x + 26, y + 15), fill=colour or _BASE[0], outline=_FAINT)
        if colour is None:
            for step in range(0, 27, 9):
                pen.line((x + step, y + 15, x + min(26, step + 9), y + 2), fill=_FAINT, width=2)
        pen.text((x + 36, y - 1), words, _INK, font)


def _draw_scale(pen: ImageDraw.ImageDraw, at: tuple[int, int], metre: int) -> None:
    x, y = at
    pen.line((x, y + 8, x + metre, y + 8), fill=_INK, width=3)
    for end in (x, x + metre):
        pen.line((end, y, end, y + 16), fill=_INK, width=3)
    pen.text((x + metre + 12, y - 1), "1 m", _INK, ImageFont.load_default(15))


def _sheet_size(picture: Image.Image, lines: int) -> tuple[int, int]:
    height = max(picture.height, lines * _LINE)
    return picture.width + 2 * _MARGIN + _LEGEND, _TITLE + height + 56
