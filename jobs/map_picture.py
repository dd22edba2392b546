"""A device's map as a picture: the newest version of each tile, at an instant."""

import re
from datetime import UTC, datetime

import pyarrow as pa
from PIL import Image

from jobs.pictures import draw
from storage.dataset import FloorPlan, Lake, assemble, latest_tiles, open_table, reading

_PSEUDONYM = re.compile(r"k\d+:[0-9a-f]{32}")


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
    return draw(plan, f"Map {short(plan.map)} of device {short(device)}", notes(plan, tiles))


def short(pseudonym: str) -> str:
    """Enough of a pseudonym for people to tell two apart."""
    version, _, digits = pseudonym.partition(":")
    return f"{version}:{digits[:8]}…"


def notes(plan: FloorPlan, tiles: pa.Table) -> list[str]:
    """When the map was so, and how complete it is."""
    newest: datetime = max(tiles["event_time"].to_pylist())
    found = [
        f"{newest.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        f"version {max(tiles['version'].to_pylist())}",
        f"{tiles.num_rows} tiles",
    ]
    return found + [f"{len(plan.missing)} places without a tile"] * bool(plan.missing)
