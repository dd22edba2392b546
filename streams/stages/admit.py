"""What registry, policies and the clock say: which rows may be stored, where, until when.

The first way that applies is the one that counts: too old on arrival, not registered, cancelled,
another region's, a maker without a policy (of none of these it matters what was said of the
device); then from before it was bound; then restricted, stopped, erased, as officers marked it;
then what the maker's policy asks for. Restricted and stopped last until they are lifted; erased
ends when the device is bound after it, to whoever has it then. Where nobody knows any more what was
said of a device when its record came, that is rejected: a guess might store what a first try
withheld, or store it elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.batches import AdmittedBatch, Ending, ValidBatch
from schemas.policies import Policies
from schemas.regions import Region, Residency
from schemas.retention import Lifetimes, lifetimes
from schemas.tables import Table
from streams.gating import Codes, Gating, Mask
from streams.registry import Registrations, Registry

NOT_REGISTERED = "rejected/the device is not registered"
NO_REGION = "rejected/no region may hold the device's country"
NO_POLICY = "rejected/no policy holds for the device's maker"
UNKNOWN = "rejected/what was said of the device when it came is no longer known"
CANCELLED = "withheld/the account was cancelled"
TOO_EARLY = "withheld/before the device was bound"
EXPIRED = "expired"
ELSEWHERE = "elsewhere/"
WITHHELD = "withheld/"


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
    policies: Policies = field(default_factory=Policies.shipped)

    def admit(self, valid: ValidBatch, table: Table) -> tuple[AdmittedBatch, list[Ending]]:
        """Judge every row as of its ingest time: the same on every try.

        The admitted rows gain `vendor`, `model`, `country`, `region` (the code of a served
        region), `policy` (its place in `Policies.all`), `clock_believed` and `expires`
        (microseconds); `event_time` is the broker's where the robot's clock cannot be believed;
        values that the maker's policy does not let in are null.
        """
        gating = Gating.of(self.policies, table)
        known = self._look_up(valid.rows, gating)
        ways = [*self._turned_away(known), *self._withheld(known, gating)]
        judged = np.select([where for _, where in ways], range(1, len(ways) + 1), 0)
        goes_on = judged == 0
        rows, blanked = gating.blank(
            _enriched(known).filter(pa.array(goes_on)),
            known.registrations.consents[goes_on],
            known.policies[goes_on],
        )
        endings = _endings(known, judged, [how for how, _ in ways])
        return AdmittedBatch(valid.partition, rows, tuple(blanked)), list(endings)

    def _look_up(self, rows: pa.RecordBatch, gating: Gating) -> "_Known":
        devices = rows["device"].dictionary_encode()
        names, indices = devices.dictionary.to_pylist(), devices.indices.to_numpy()
        times = rows["ingest_time"].to_numpy()
        registrations = self.registry.as_of(names, indices, times)
        words = self.registry.words.texts or [""]
        regions = self._codes_of(words)[registrations.country]
        return _Known(
            rows=rows,
            clocks=_clocks(rows, self.late_window),
            words=words,
            registrations=registrations,
            policies=gating.codes(words, registrations.vendor),
            times=times,
            regions=regions,
        )

    @property
    def _regions(self) -> tuple[Region, ...]:
        """Served regions first, so that their code is their place in `served`."""
        return self.served + tuple(
            sorted(set(self.residency.regions.values()).difference(self.served))
        )

    def _codes_of(self, words: Sequence[str]) -> NDArray[np.int64]:
        """Each word's region as a country, -1 for none."""
        codes = {region: code for code, region in enumerate(self._regions)}
        countries = self.residency.regions
        return np.array([codes[countries[word]] if word in countries else -1 for word in words])

    def _turned_away(self, known: "_Known") -> Iterator[tuple[str, Mask]]:
        """(how records end, which) of those that no policy is asked about; the first applies."""
        regions = known.regions
        yield EXPIRED, known.clocks.on_arrival
        yield UNKNOWN, known.registrations.unknown
        yield NOT_REGISTERED, ~known.registrations.found
        yield CANCELLED, known.registrations.cancelled
        yield NO_REGION, regions < 0
        for code, region in enumerate(self._regions):
            if code >= len(self.served):
                yield ELSEWHERE + region, regions == code
        yield NO_POLICY, known.policies < 0

    def _withheld(self, known: "_Known", gating: Gating) -> Iterator[tuple[str, Mask]]:
        """(how records end, which) of those that an officer or a policy withholds; the first."""
        registered, marked = known.registrations, known.registrations.marked
        yield TOO_EARLY, known.clocks.event_times < registered.bound_since
        if marked:
            yield UNKNOWN, marked.unknown
        said = marked.withheld(registered.bound_since) if marked else ()
        asked = gating.withheld(known.rows, registered, known.policies)
        for reason, where in (*said, *asked):
            yield WITHHELD + reason, where


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A batch, and all that is known of its n rows.

    Attributes:
        words: The registry's, by code.
        policies: (n,) places in `Policies.all`.
        times: (n,) int64, when they came, microseconds since 1970 in UTC.
        regions: (n,) codes of `Admission.served`; others are elsewhere.
    """

    rows: pa.RecordBatch
    clocks: Lifetimes
    words: Sequence[str]
    registrations: Registrations
    policies: Codes
    times: NDArray[np.int64]
    regions: NDArray[np.int64]


def _clocks(rows: pa.RecordBatch, late_window: timedelta) -> Lifetimes:
    return lifetimes(
        rows["event_time"].to_numpy(),
        rows["ingest_time"].to_numpy(),
        rows["first_ingest_time"].to_numpy(),
        late_window,
    )


def _endings(known: _Known, judged: NDArray[np.intp], ways: Sequence[str]) -> Iterator[Ending]:
    """How each row that does not go on ends; what a policy withheld, by vendor."""
    offsets, vendors = known.rows["offset"].to_numpy(), known.registrations.vendor
    for code in np.unique(judged[judged > 0]).tolist():
        how, mine = ways[code - 1], judged == code
        if how == CANCELLED or not how.startswith(WITHHELD):
            yield Ending(how, offsets[mine], known.times[mine])
            continue
        for vendor in np.unique(vendors[mine]).tolist():
            one = mine & (vendors == vendor)
            yield Ending(how, offsets[one], known.times[one], known.words[vendor])


def _enriched(known: _Known) -> pa.RecordBatch:
    columns = dict(zip(known.rows.schema.names, known.rows.columns, strict=True))
    dictionary = pa.array(known.words, pa.string())
    for name in ("vendor", "model", "country"):
        codes = getattr(known.registrations, name).astype(np.int32)
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), dictionary)
    columns["event_time"] = pa.array(known.clocks.event_times)
    columns["clock_believed"] = pa.array(known.clocks.believed)
    columns["expires"] = pa.array(known.clocks.expires)
    columns["region"] = pa.array(known.regions)
    columns["policy"] = pa.array(known.policies)
    return pa.RecordBatch.from_pydict(columns)
