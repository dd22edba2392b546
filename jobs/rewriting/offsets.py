"""Which offsets rows have, summed up: what went into a rewrite is compared with what came out."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

Sums = tuple[int, int, int]
"""Rows, and two sums that tell which offsets they have."""


def add_up(columns: Iterable[pa.ChunkedArray]) -> Sums:
    """Which offsets columns of them hold, whatever their order."""
    rows, total, squares = 0, 0, 0
    for column in columns:
        offsets = column.to_numpy().astype(np.uint64)
        rows += len(offsets)
        total += int(offsets.sum(dtype=np.uint64))
        squares += int((offsets * offsets).sum(dtype=np.uint64))
    return rows, total % 2**64, squares % 2**64
