"""Which rows: those of some devices, all of them, of before a time, or with values somewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from storage.log import DataFile

DEVICE, EVENT_TIME = "device", "event_time"


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows to be found, or taken out.

    Attributes:
        devices: Pseudonyms, under any version of the key; never shown.
        before: Only rows of before, by their event time; None for all.
    """

    devices: frozenset[str] = field(repr=False)
    before: datetime | None = None

    @property
    def columns(self) -> Sequence[str]:
        """What has to be read to tell whether a row is one of them."""
        return [DEVICE] if self.before is None else [DEVICE, EVENT_TIME]

    def may_be_in(self, file: DataFile) -> bool:
        """Whether what the log says of a file leaves it possible that one is in it."""
        first = file.bounds.get(EVENT_TIME, (None,))[0]
        if self.before is None or not isinstance(first, datetime):
            return True
        return first < self.before

    def of_devices(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is of one of the devices, whenever it is of."""
        wanted = pa.array(sorted(self.devices), pa.string())
        return pc.is_in(rows[DEVICE].cast(pa.string()), value_set=wanted)

    def has(self, rows: pa.Table) -> pa.ChunkedArray:
        """(n,) bool, whether a row is one of them."""
        mine = self.of_devices(rows)
        if self.before is None:
            return mine
        at = pa.scalar(self.before, rows[EVENT_TIME].type)
        return pc.and_(mine, pc.less(rows[EVENT_TIME], at))


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
