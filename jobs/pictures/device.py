"""A device's map as pictures: as it is at an instant, as it grew, and where the robot swept."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pyarrow as pa
from PIL import Image

from jobs.pictures.drawing import Words, draw, draw_heat
from jobs.pictures.history import Moment, all_versions, moments, swept
from storage.dataset import FloorPlan, Lake, assemble, latest_tiles, open_table, reading

_PSEUDONYM = re.compile(r"k\d+:[0-9a-f]{32}")

MOST_FRAMES = 80
"""Of an animated picture: a longer history is shown at moments evenly spread over it."""


def is_pseudonym(text: str) -> bool:
    """Whether it is a pseudonym and no identifier: all that this job takes."""
    return _PSEUDONYM.fullmatch(text) is not None


def picture_of(
    device: str, lake: Lake, *, map_name: str | None = None, at: datetime | None = None
) -> Image.Image | None:
    """Draw a device's map; reads only files that can hold it.

    Args:
        device: Pseudonym.
        lake: Where the tables lie.
        map_name: Pseudonym; None for the map with the newest tile.
        at: UTC; None for the newest.

    Returns:
        None where no such map is stored, or none so early.
    """
    tiles = reading(lambda: latest_tiles(open_table("map_tiles", lake), device, map_name, at=at))
    if not tiles.num_rows:
        return None
    plan = assemble(tiles)
    return draw(plan, Words(_title(plan, device), notes(plan, tiles)))


def pictures_of(
    device: str, lake: Lake, *, map_name: str | None = None, at: datetime | None = None
) -> list[Image.Image]:
    """Draw how a device's map grew, one picture a moment, all of one size; see `picture_of`.

    Returns:
        Up to `MOST_FRAMES`, the last as the map is; none where no such map is stored.
    """
    seen = _chosen([*_moments(device, lake, map_name, at)])
    if not seen:
        return []
    known = np.maximum.reduce([moment.plan.cells for moment in seen])
    frames = [draw(one.plan, _words(one, device), within=known) for one in seen]
    size = (max(one.width for one in frames), max(one.height for one in frames))
    sheets = [Image.new("RGB", size, "white") for _ in frames]
    for sheet, frame in zip(sheets, frames, strict=True):
        sheet.paste(frame)
    return sheets


def heat_of(
    device: str, lake: Lake, *, map_name: str | None = None, at: datetime | None = None
) -> Image.Image | None:
    """Draw in how many cleanings each place of a device's map was swept; see `picture_of`."""
    seen = _moments(device, lake, map_name, at)
    if not seen:
        return None
    last, counts = swept(iter(seen))
    words = Words(
        f"Swept places of {_title(last.plan, device).lower()}", _words(last, device).notes
    )
    return draw_heat(last.plan, counts, words)


def short(pseudonym: str) -> str:
    """Enough of a pseudonym for people to tell two apart."""
    version, _, digits = pseudonym.partition(":")
    return f"{version}:{digits[:8]}…"


def notes(plan: FloorPlan, tiles: pa.Table) -> list[str]:
    """When the map was so, and how complete it is."""
    newest: datetime = max(tiles["event_time"].to_pylist())
    found = [
        _instant(newest),
        f"version {max(tiles['version'].to_pylist())}",
        f"{tiles.num_rows} tiles",
    ]
    return found + [f"{len(plan.missing)} places without a tile"] * bool(plan.missing)


def _moments(
    device: str, lake: Lake, map_name: str | None, at: datetime | None
) -> Sequence[Moment]:
    read = partial(all_versions, device=device, map_name=map_name, at=at)
    rows = reading(lambda: read(open_table("map_tiles", lake)))
    return [*moments(rows)] if rows.num_rows else []


def _chosen(seen: Sequence[Moment]) -> Sequence[Moment]:
    places = np.linspace(0, len(seen) - 1, min(len(seen), MOST_FRAMES)).round().astype(int)
    return [seen[place] for place in places]


def _words(moment: Moment, device: str) -> Words:
    return Words(_title(moment.plan, device), [_instant(moment.at)])


def _title(plan: FloorPlan, device: str) -> str:
    return f"Map {short(plan.map)} of device {short(device)}"


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
