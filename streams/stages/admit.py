"""What the registry, consent and the clock say: which rows may be stored, where, until when."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.batches import AdmittedBatch, Ending, ValidBatch
from schemas.regions import Region, Residency
from schemas.retention import Lifetimes, lifetimes
from schemas.tables import Table
from streams.registry import Registrations, Registry

NOT_REGISTERED = "rejected/the device is not registered"
NO_REGION = "rejected/no region may hold the device's country"
CANCELLED = "withheld/the account was cancelled"
NO_CONSENT = "withheld/no consent"
NOT_BOUND = "withheld/before the device was bound"
EXPIRED = "expired"
ELSEWHERE = "elsewhere/"

_PLACE = ("latitude", "longitude")


@dataclass(frozen=True, slots=True)
class Admission:
    """What rows are judged by.

    Attributes:
        served: The regions that this worker's group stores; the order gives their codes.
        late_window: How much older than its arrival a record may be.
    """

    registry: Registry
    residency: Residency
    served: tuple[Region, ...]
    late_window: timedelta

    def admit(self, valid: ValidBatch, table: Table) -> tuple[AdmittedBatch, list[Ending]]:
        """Judge every row as of its ingest time: the same on every try.

        The admitted rows gain `vendor`, `model`, `country`, `region` (the code of a served
        region), `clock_believed` and `expires` (microseconds); `event_time` is the broker's where
        the robot's clock cannot be believed; a place is taken out where no consent covers it.
        """
        rows = valid.rows
        known, clocks = self._known(rows), _clocks(rows, self.late_window)
        words = self.registry.words.texts or [""]
        places = [self.residency.regions.get(word, Region("")) for word in words]
        region_of = np.array([self._code(place) for place in places])
        regions = region_of[np.where(known.found, known.country, 0)]
        judged = self._judge(table, known, clocks, regions)
        admitted = _enriched(rows, known, clocks, words, regions).filter(pa.array(judged == 0))
        return AdmittedBatch(valid.partition, admitted), self._endings(rows, judged)

    def _known(self, rows: pa.RecordBatch) -> Registrations:
        devices = rows["device"].dictionary_encode()
        return self.registry.as_of(
            devices.dictionary.to_pylist(),
            devices.indices.to_numpy(),
            rows["ingest_time"].to_numpy(),
        )

    @property
    def _regions(self) -> tuple[Region, ...]:
        """Served regions first, so that their code is their place in `served`."""
        return self.served + tuple(
            sorted(set(self.residency.regions.values()).difference(self.served))
        )

    def _code(self, region: Region) -> int:
        return self._regions.index(region) if region else -1

    def _judge(
        self, table: Table, known: Registrations, clocks: Lifetimes, regions: NDArray[np.int64]
    ) -> NDArray[np.intp]:
        """(n,) which ending of `_ways` a row has, 0 for none: the first that applies."""
        elsewhere = [regions == code for code in range(len(self.served), len(self._regions))]
        conditions = [
            clocks.on_arrival,
            ~known.found,
            known.cancelled,
            regions < 0,
            *elsewhere,
            clocks.event_times < known.bound_since,
            ~known.granted(table.consent),
        ]
        return np.select(conditions, list(range(1, len(conditions) + 1)), 0)

    def _ways(self) -> tuple[str, ...]:
        elsewhere = [ELSEWHERE + region for region in self._regions[len(self.served) :]]
        return EXPIRED, NOT_REGISTERED, CANCELLED, NO_REGION, *elsewhere, NOT_BOUND, NO_CONSENT

    def _endings(self, rows: pa.RecordBatch, judged: NDArray[np.intp]) -> list[Ending]:
        offsets, times = rows["offset"].to_numpy(), rows["ingest_time"].to_numpy()
        return [
            Ending(how, offsets[judged == code], times[judged == code])
            for code, how in enumerate(self._ways(), start=1)
            if (judged == code).any()
        ]


def _clocks(rows: pa.RecordBatch, late_window: timedelta) -> Lifetimes:
    return lifetimes(
        rows["event_time"].to_numpy(),
        rows["ingest_time"].to_numpy(),
        rows["first_ingest_time"].to_numpy(),
        late_window,
    )


def _enriched(
    rows: pa.RecordBatch,
    known: Registrations,
    clocks: Lifetimes,
    words: list[str],
    regions: NDArray[np.int64],
) -> pa.RecordBatch:
    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
    dictionary = pa.array(words, pa.string())
    for name in ("vendor", "model", "country"):
        codes = np.where(known.found, getattr(known, name), 0).astype(np.int32)
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), dictionary)
    columns["event_time"] = pa.array(clocks.event_times)
    columns["clock_believed"] = pa.array(clocks.believed)
    columns["expires"] = pa.array(clocks.expires)
    columns["region"] = pa.array(regions)
    if hidden := [name for name in _PLACE if name in columns]:
        consented = pa.array(known.granted("location"))
        for name in hidden:
            columns[name] = pc.if_else(consented, columns[name], None)
    return pa.RecordBatch.from_pydict(columns)
