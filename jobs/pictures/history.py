"""How a map became what it is: every version of its tiles, put together sending by sending."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

from storage.dataset import FloorPlan, Mosaic, latest_tiles
from storage.tiles import decode_tiles

PATH = 3
REACH = 3
"""Cells that a robot sweeps on either side of its path: a brush of 35 cm."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A map as it was after a robot sent tiles.

    Attributes:
        at: UTC.
        plan: The whole map, in the same frame at every moment; its cells are the caller's own.
    """

    at: datetime
    plan: FloorPlan


def all_versions(
    tiles: ds.Dataset, device: str, map_name: str | None, *, at: datetime | None
) -> pa.Table:
    """Every version of every tile of one map, at or before an instant, oldest first.

    Args:
        tiles: The table `map_tiles`.
        device: Pseudonym.
        map_name: Pseudonym; None for the map with the newest tile.
        at: UTC; None: the present.
    """
    if map_name is None:
        newest = latest_tiles(tiles, device, at=at)
        if not newest.num_rows:
            return newest
        map_name = newest["map"][0].as_py()
    wanted = (pc.field("device") == device) & (pc.field("map") == map_name)
    if at is not None:
        wanted &= pc.field("event_time") <= pa.scalar(at, pa.timestamp("us", "UTC"))
    order = [(name, "ascending") for name in ("event_time", "version", "offset")]
    return tiles.to_table(filter=wanted).sort_by(order)


def moments(rows: pa.Table) -> Iterator[Moment]:
    """The map after each sending.

    Args:
        rows: Of `all_versions`, at least one.
    """
    mosaic = Mosaic(rows)
    cells, times = decode_tiles(rows), rows["event_time"].to_pylist()
    for i, at in enumerate(times):
        mosaic.lay(cells[i], i)
        is_last_of_sending = at not in times[i + 1 : i + 2]
        if is_last_of_sending:
            yield Moment(at, mosaic.plan())


def swept(seen: Iterator[Moment]) -> tuple[Moment, NDArray[np.int64]]:
    """The last moment, and in how many cleanings each cell was swept.

    A robot wipes its path when a cleaning begins; so a place that comes to lie beside the path
    after it did not is swept once more.

    Args:
        seen: At least one moment.

    Returns:
        The moment, and (height, width) counts.
    """
    moment = next(seen)
    before = _beside_the_path(moment.plan.cells)
    counts = before.astype(np.int64)
    for moment in seen:
        now = _beside_the_path(moment.plan.cells)
        counts += now & ~before
        before = now
    return moment, counts


def _beside_the_path(cells: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Cells within reach of the path, as a square around each of its cells."""
    near = cells == PATH
    for axis in (0, 1):
        padded = np.pad(near, [(REACH, REACH) if axis == one else (0, 0) for one in (0, 1)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * REACH + 1, axis=axis)
        near = windows.any(axis=-1)
    return np.asarray(near)
