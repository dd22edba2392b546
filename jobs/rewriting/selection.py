"""Which rows: those of some devices, all of them or as far as they are of before a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

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
