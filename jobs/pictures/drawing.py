"""Maps as pictures that say at a glance what is where: rooms, walls, path, scale, what is missing.

Pure: cells in, an image out; the same cells make the same pixels. A heat map shows in how many
cleanings each place was swept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.tables.map_tiles import MAX_LABEL, TILE
from storage.dataset import FloorPlan

FLOOR, WALL, PATH = 1, 2, 3

Cells = NDArray[np.uint8]
Counts = NDArray[np.int64]

_Colour = tuple[int, int, int]
_Legend = list[tuple[_Colour | None, str]]
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

_HEAT: tuple[_Colour, ...] = (
    (253, 212, 158),
    (253, 187, 106),
    (244, 136, 73),
    (215, 78, 38),
    (150, 24, 14),
)
"""From seldom to often, light to dark, so that it is read in grey as well."""

_LONG_SIDE = 900
_MARGIN, _LINE, _LEGEND, _TITLE = 28, 24, 250, 78
_HATCH = 12
_AROUND = 6
"""Cells of surroundings that stay in the picture."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is written on a picture.

    Attributes:
        title: The largest line.
        notes: Below it, smaller: when, which version, what is missing.
    """

    title: str
    notes: Sequence[str] = ()


def draw(plan: FloorPlan, words: Words, *, within: Cells | None = None) -> Image.Image:
    """The map with a title, a legend and a scale of one metre, RGB.

    Args:
        plan: What to draw; tiles of which nothing is known are hatched.
        words: What is written on it.
        within: Cells whose known ones are the frame, for pictures that are to match; the plan's.
    """
    shown = _frame(plan.cells if within is None else within)
    cells = plan.cells[shown]
    picture = _coloured(cells, _missing(plan)[shown], _scale(cells))
    return _sheet(picture, words, list(_legend(plan, cells)), _metre(plan, cells))


def draw_heat(plan: FloorPlan, swept: Counts, words: Words) -> Image.Image:
    """The map in grey, and on it how often each place was swept, RGB.

    Args:
        plan: The map as it is.
        swept: (height, width) of the plan's cells: how often.
        words: What is written on it.
    """
    shown = _frame(plan.cells)
    cells = plan.cells[shown]
    most = int(swept[shown].max(initial=0))
    steps = _steps(most)
    heat = np.searchsorted(steps, swept[shown], side="right")
    base = np.where(cells > WALL, FLOOR, cells)
    shades = np.where((heat > 0) & (base != WALL), WALL + heat, base)
    colours = [_HEAT[-1 - i * (len(_HEAT) // max(1, len(steps)))] for i in range(len(steps))][::-1]
    palette = np.array([*_BASE[: WALL + 1], *colours], np.uint8)
    picture = Image.fromarray(palette[_enlarged(shades, _scale(cells))])
    legend: _Legend = [*zip(colours, _times(steps, most), strict=True)]
    legend += [(_BASE[FLOOR], "not swept"), (_BASE[WALL], "wall"), (_BASE[0], "unknown")]
    return _sheet(picture, words, legend, _metre(plan, cells))


def _steps(most: int) -> list[int]:
    """From how many times on a place has each shade: evenly spaced, as many as there are shades."""
    return sorted({1 + most * i // len(_HEAT) for i in range(len(_HEAT))} & {*range(1, most + 1)})


def _times(steps: Sequence[int], most: int) -> Iterator[str]:
    for first, after in pairwise([*steps, most + 1]):
        last = after - 1
        words = f"{first} times" if first == last else f"{first} to {last} times"
        yield "once" if last == 1 else words


def _sheet(picture: Image.Image, words: Words, legend: _Legend, metre: int) -> Image.Image:
    sheet = Image.new("RGB", _sheet_size(picture, len(legend)), _PAPER)
    sheet.paste(picture, (_MARGIN, _TITLE))
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, 16), words.title, _INK, ImageFont.load_default(22))
    pen.text((_MARGIN, 46), "   ".join(words.notes), _FAINT, ImageFont.load_default(15))
    _draw_legend(pen, legend, (picture.width + 2 * _MARGIN, _TITLE))
    below = _TITLE + picture.height + 16
    _draw_scale(pen, (_MARGIN, below), metre)
    return sheet


def _missing(plan: FloorPlan) -> NDArray[np.bool_]:
    """(height, width) bool: the cells of tiles that are missing."""
    mask = np.zeros(plan.cells.shape, bool)
    for x, y in plan.missing:
        mask[(y - plan.top) * TILE :, (x - plan.left) * TILE :][:TILE, :TILE] = True
    return mask


def _frame(cells: Cells) -> tuple[slice, slice]:
    """The rectangle of known cells, and a little around it."""
    rows, columns = np.nonzero(cells)
    if not len(rows):
        return slice(None), slice(None)
    return (
        slice(max(0, int(rows.min()) - _AROUND), int(rows.max()) + _AROUND + 1),
        slice(max(0, int(columns.min()) - _AROUND), int(columns.max()) + _AROUND + 1),
    )


def _scale(cells: Cells) -> int:
    """Pixels a cell."""
    return max(1, min(8, _LONG_SIDE // int(max(cells.shape))))


def _metre(plan: FloorPlan, cells: Cells) -> int:
    """Pixels."""
    return _scale(cells) * 100 // plan.pixel_size


def _enlarged(cells: NDArray[np.integer[Any]], scale: int) -> NDArray[np.integer[Any]]:
    return cells.repeat(scale, axis=0).repeat(scale, axis=1)


def _colour(label: int) -> _Colour:
    return _BASE[label] if label <= PATH else _ROOMS[(label - PATH - 1) % len(_ROOMS)]


def _coloured(cells: Cells, missing: NDArray[np.bool_], scale: int) -> Image.Image:
    palette = np.array([_colour(min(label, MAX_LABEL)) for label in range(256)], np.uint8)
    pixels = palette[_enlarged(cells, scale)]
    y, x = np.indices(pixels.shape[:2])
    hatched = missing.repeat(scale, axis=0).repeat(scale, axis=1) & ((y + x) % _HATCH < _HATCH // 4)
    pixels[hatched] = _FAINT
    return Image.fromarray(pixels)


def _legend(plan: FloorPlan, cells: Cells) -> Iterator[tuple[_Colour | None, str]]:
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


def _under_path(cells: Cells) -> Cells:
    """The cells with the path taken for what lies to its left."""
    columns = np.where(cells == PATH, 0, np.arange(cells.shape[1]))
    return np.take_along_axis(cells, np.maximum.accumulate(columns, axis=1), axis=1)


def _draw_legend(pen: ImageDraw.ImageDraw, legend: _Legend, at: tuple[int, int]) -> None:
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
