"""Rows of any table, for tests that do not care what is in them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from schemas.retention import FORTNIGHT, microseconds
from schemas.tables import Table
from storage.layout import DataPath

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def pseudonym(number: int) -> str:
    """A pseudonym, the same for the same number."""
    return f"k1:{number * 0x9E3779B97F4A7C15 % 2**128:032x}"


def rows_of(table: Table, n: int, *, seed: int = 0, **given: Sequence[Any]) -> pa.Table:
    """Rows as a table stores them: some devices, times within the hour, offsets from zero.

    Args:
        table: Whose.
        n: How many.
        seed: Other rows for another.
        given: Columns that the test cares about, n values each.
    """
    random = np.random.default_rng(seed)
    columns = [
        pa.array(given[field.name], field.type)
        if field.name in given
        else _column(field, n, random)
        for field in table.schema
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def path_of(number: int, *, expires: datetime = NOW + FORTNIGHT) -> DataPath:
    """A data file's place; another for another number."""
    hour = expires.replace(minute=0, second=0, microsecond=0)
    return DataPath((hour - FORTNIGHT).date(), hour, UUID(int=number))


def _column(field: pa.Field, n: int, random: np.random.Generator) -> pa.Array:
    numbers = random.integers(0, 20, n)
    kind = field.type
    if field.name == "offset":
        return pa.array(np.arange(n))
    if pa.types.is_timestamp(kind):
        start = microseconds(NOW)
        return pa.array(start + random.integers(0, 1_800_000_000, n)).cast(kind)
    if pa.types.is_string(kind):
        return pa.array([pseudonym(int(number)) for number in numbers])
    if pa.types.is_binary(kind):
        return pa.array([bytes([number]) * 4096 for number in numbers], kind)
    if pa.types.is_boolean(kind):
        return pa.array(numbers > 0)
    return pa.array(numbers).cast(kind)
