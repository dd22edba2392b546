"""Rows -> the folders that they go to: by event date and the hour in which they expire."""

from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.batches import PseudonymousBatch
from schemas.retention import moment

_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE


class Folder(NamedTuple):
    """Where rows lie within their table."""

    date: date
    expires: datetime


def route(batch: PseudonymousBatch) -> dict[Folder, pa.RecordBatch]:
    """Split rows by folder; within a folder their order is kept, and `expires` is no column."""
    rows = batch.rows.drop_columns(["expires"])
    days = batch.rows["event_time"].to_numpy().astype("M8[us]").astype(np.int64) // _DAY
    minutes = batch.rows["expires"].to_numpy() // _MINUTE
    folders, places = np.unique(days << 32 | minutes, return_inverse=True)
    if len(folders) == 1:
        return {_folder(int(folders[0])): rows}
    return {
        _folder(int(code)): rows.filter(pa.array(places == place))
        for place, code in enumerate(folders)
    }


def _folder(code: int) -> Folder:
    return Folder(moment((code >> 32) * _DAY).date(), moment((code & (2**32 - 1)) * _MINUTE))
