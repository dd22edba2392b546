"""Selections that are narrower: by a time of each device's own, or by columns that have values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from jobs.rewriting.selection import DEVICE, EVENT_TIME, Selection


@dataclass(frozen=True, slots=True)
class Former(Selection):
    """Rows of devices of before somebody bound them, each of before its own moment.

    Attributes:
        bounds: Pseudonym -> that moment, UTC.
    """

    bounds: Mapping[str, datetime] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, bounds: Mapping[str, datetime]) -> Self:
        """Those of these pseudonyms."""
        return cls(frozenset(bounds), max(bounds.values(), default=None), bounds)

    def has(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is one of them."""
        names = sorted(self.bounds)
        which = pc.index_in(rows[DEVICE].cast(pa.string()), value_set=pa.array(names, pa.string()))
        kind = rows[EVENT_TIME].type
        moments = pa.array([self.bounds[name] for name in names], kind)
        return pc.fill_null(
            pc.less(rows[EVENT_TIME], pa.chunked_array([moments], kind).take(which)),
            fill_value=False,
        )


@dataclass(frozen=True, slots=True)
class WithValues(Selection):
    """Rows of devices that have a value in any of some columns.

    Attributes:
        values: The columns.
    """

    values: tuple[str, ...] = ()

    @property
    def columns(self) -> Sequence[str]:
        """What has to be read to tell whether a row is one of them."""
        return [DEVICE, *self.values]

    def has(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is one of them."""
        valued = pa.chunked_array([pa.repeat(False, rows.num_rows)])  # noqa: FBT003 - a scalar
        for name in self.values:
            valued = pc.or_(valued, pc.is_valid(rows[name]))
        return pc.and_(self.of_devices(rows), valued)
