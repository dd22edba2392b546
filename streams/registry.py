"""Who is registered where, since when, and with which consents: 15 days of history in columns.

A registration takes effect for records that came after it (by the broker's clock, strictly), so
that a replay judges every record as the first try did. Where Kafka compacted away by what the first
try judged, nobody knows that any more, and the registry says so: of each key the records that are
left are its last ones, so what was said is unknown before the first of them, if that is old enough
to have superseded others. Device ids are kept as 128-bit hashes:
10 million devices take some 500 MB, and a memory dump shows no serial number. The marks of officers
are records of the same topic, and are known in the same way.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any, Self, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from schemas import marks
from schemas.privacy import canonical
from schemas.retention import microseconds
from schemas.tables.devices import ConsentName, Device
from streams.marks import Marked, Marks

HISTORY = timedelta(days=15)
"""Longer than any record waits in Kafka or is late: DESIGN section 5's sum is 14 days."""

MERGE_AT = 200_000
"""Recent registrations are merged into the sorted columns at this many."""

CONSENTS: tuple[ConsentName, ...] = get_args(ConsentName)
_ENTRY = np.dtype(
    [
        ("high", "u8"),
        ("low", "u8"),
        ("since", "i8"),
        ("bound_since", "i8"),
        ("vendor", "u2"),
        ("model", "u2"),
        ("country", "u2"),
        ("consents", "u1"),
        ("cancelled", "?"),
    ]
)
_NEVER = -(2**62)
_LATER = 2**62


Entries = NDArray[Any]
"""(n,) of `_ENTRY`, sorted by the device's digest, then in the order in which they came."""


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A record of `fleet.devices`, a registration or a mark; `value` None is a tombstone."""

    offset: int
    ingest_time: int
    record_key: bytes | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Registrations:
    """What was known of n records' devices when they came.

    Attributes:
        found: (n,) bool; where false, the other columns mean nothing.
        unknown: (n,) bool, none of the found: nobody knows whether the device was registered.
        cancelled: (n,) bool.
        vendor, model, country: (n,) uint16 codes of `Registry.words`.
        consents: (n,) uint8, bit i is granted consent `CONSENTS[i]`.
        bound: (n,) bool, whether the registration says that the device was bound.
        bound_since: (n,) int64, microseconds since 1970 in UTC.
        marked: What officers said of the devices; None: nothing of any.
    """

    found: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    cancelled: NDArray[np.bool_]
    vendor: NDArray[np.uint16]
    model: NDArray[np.uint16]
    country: NDArray[np.uint16]
    consents: NDArray[np.uint8]
    bound: NDArray[np.bool_]
    bound_since: NDArray[np.int64]
    marked: Marked | None = None

    @classmethod
    def of(
        cls, entries: Entries, doubtful: NDArray[np.bool_], marked: Marked | None = None
    ) -> Self:
        """Columns of chosen entries.

        Args:
            entries: (n,), `since` _NEVER for none.
            doubtful: (n,) bool, where none is chosen: whether there may have been one.
        """
        found = entries["since"] != _NEVER
        return cls(
            found,
            doubtful & ~found,
            entries["cancelled"] & found,
            entries["vendor"],
            entries["model"],
            entries["country"],
            entries["consents"],
            entries["bound_since"] != _NEVER,
            entries["bound_since"],
            marked,
        )


def consent_bits(names: Iterable[str]) -> int:
    """Consents as `Registrations.consents` has them."""
    return sum(1 << CONSENTS.index(name) for name in names)


class Words:
    """A small set of words, each with a code of 16 bits."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._codes: dict[str, int] = {}

    def code(self, text: str) -> int:
        """The word's code, a new one for a new word."""
        if (code := self._codes.get(text)) is None:
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code


class Registry:
    """Registrations and marks by device and time, fed from `fleet.devices` in its order.

    One thread applies, any number read: a reader sees whole batches.
    """

    def __init__(self) -> None:
        self.words = Words()
        self.applied = 0
        self.refused = 0
        self._compacted_until = _NEVER
        self._decoder = msgspec.json.Decoder(Device)
        self._lock = Lock()
        self._marks = Marks(HISTORY)
        self._pending: list[tuple[int, ...]] = []
        self._recent = np.empty(0, _ENTRY)
        self._settled = np.empty(0, _ENTRY)

    def __len__(self) -> int:
        """Registrations held, history included."""
        return len(self._settled) + len(self._recent) + len(self._pending)

    @property
    def byte_size(self) -> int:
        """Bytes of the columns."""
        return self._settled.nbytes + self._recent.nbytes

    def apply(
        self, records: Iterable[DeviceRecord], next_offset: int, *, compacted_until: int = _NEVER
    ) -> None:
        """Apply records in offset order, up to `next_offset`.

        A record that is neither registration nor mark is counted in `refused` and changes nothing.

        Args:
            compacted_until: A record that came by then, microseconds since 1970 in UTC, may have
                superseded others that are not there any more.
        """
        with self._lock:
            self._compacted_until = max(self._compacted_until, compacted_until)
            for record in records:
                try:
                    self._apply(record)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    self.refused += 1
            self.applied = next_offset
            if len(self._pending) >= MERGE_AT:
                self._settle()

    def as_of(
        self, devices: Sequence[str], indices: NDArray[np.integer], times: NDArray[np.int64]
    ) -> Registrations:
        """What was known of each record's device just before the record came.

        Args:
            devices: Distinct device ids as sent.
            indices: (n,) which of `devices` each record names.
            times: (n,) int64 ingest times, microseconds since 1970 in UTC.
        """
        digests = [digest(device) for device in devices]
        keys = np.frombuffer(b"".join(digests), ">u8").reshape(-1, 2)
        with self._lock:
            self._settle()
            levels = self._settled, self._recent
            until = self._compacted_until
            marked = self._marks.as_of(digests, indices, times, until)
        chosen, first = _choose(levels, keys.astype("u8"), indices, times)
        return Registrations.of(chosen, first <= until, marked)

    def _apply(self, record: DeviceRecord) -> None:
        device = marks.marked_device(record.record_key)
        if device is None:
            self._pending.append(self._entry(record))
        else:
            self._marks.add(digest(device), record.ingest_time, marks.decode(record.value))

    def _entry(self, record: DeviceRecord) -> tuple[int, ...]:
        if record.value is None:
            key = digest((record.record_key or b"").decode())
            return (*_halves(key), record.ingest_time, 0, 0, 0, 0, 0, True)
        device = self._decoder.decode(record.value)
        return (
            *_halves(digest(device.device)),
            record.ingest_time,
            _NEVER if device.bound_since is None else device.bound_since,
            self.words.code(device.vendor),
            self.words.code(device.model),
            self.words.code(device.country),
            _granted(device),
            False,
        )

    def _settle(self) -> None:
        """Sort what is pending into the recent columns, and those into the settled when large."""
        if self._pending:
            self._recent = _merged(self._recent, np.array(self._pending, _ENTRY))
            self._pending = []
        if len(self._recent) >= MERGE_AT:
            self._settled = _forgetful(_merged(self._settled, self._recent))
            self._recent = np.empty(0, _ENTRY)


def _granted(device: Device) -> int:
    """The consents that were given; one that is said twice needs two yeses."""
    refused = {one.name for one in device.consents if not one.granted}
    return consent_bits({one.name for one in device.consents} - refused)


def digest(device: str) -> bytes:
    """The 128 bits under which the registry knows a device."""
    return hashlib.blake2b(canonical(device).encode(), digest_size=16).digest()


def _halves(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8]), int.from_bytes(key[8:])


def _merged(sorted_entries: Entries, fresh: Entries) -> Entries:
    """Both, sorted by device; entries of one device stay in the order in which they came."""
    fresh = fresh[np.lexsort((fresh["low"], fresh["high"]))]
    places = np.searchsorted(sorted_entries["high"], fresh["high"], "right")
    merged: Entries = np.insert(sorted_entries, places, fresh)
    return merged


def _forgetful(entries: Entries) -> Entries:
    """Without what was superseded before the history began."""
    horizon = entries["since"].max() - microseconds(HISTORY)
    later, earlier = entries[1:], entries[:-1]
    same = (later["high"] == earlier["high"]) & (later["low"] == earlier["low"])
    superseded = np.append(same & (entries["since"][1:] <= horizon), False)
    kept: Entries = entries[~superseded]
    return kept


def _choose(
    levels: tuple[Entries, ...],
    keys: NDArray[np.uint64],
    indices: NDArray[np.integer],
    times: NDArray[np.int64],
) -> tuple[Entries, NDArray[np.int64]]:
    """For each record the last entry of its device from before it, and since when it has any.

    Args:
        levels: Sorted entries, the older level first.
        keys: (m, 2) uint64, the devices' digests.
        indices: (n,) which device.
        times: (n,) int64.

    Returns:
        (n,) entries, `since` _NEVER for none; (n,) int64, when the device's first entry came,
        _LATER where it has none.
    """
    ends = [
        np.searchsorted(level["high"], keys[:, 0], side)
        for level in levels
        for side in ("left", "right")
    ]
    counts = sum(right - left for left, right in zip(ends[::2], ends[1::2], strict=True))
    single = np.zeros(len(keys), _ENTRY)
    single["since"] = _LATER
    for level, left, right in zip(levels, ends[::2], ends[1::2], strict=True):
        has = right > left
        single[has] = level[left[has]]
    single["since"][(single["low"] != keys[:, 1])] = _LATER
    chosen: Entries = single[indices]
    first = chosen["since"].copy()
    for device in np.flatnonzero(counts > 1):
        history = np.concatenate(
            [
                level[left[device] : right[device]]
                for level, left, right in zip(levels, ends[::2], ends[1::2], strict=True)
            ]
        )
        history = history[history["low"] == keys[device, 1]]
        mine = np.flatnonzero(indices == device)
        chosen[mine] = _last_before(history, times[mine])
        first[mine] = history["since"].min(initial=_LATER)
    chosen["since"][chosen["since"] >= times] = _NEVER
    return chosen, first


def _last_before(history: Entries, times: NDArray[np.int64]) -> Entries:
    """For each time the last entry of one device from before it."""
    nobody = np.zeros(1, _ENTRY)
    nobody["since"] = _LATER
    entries = np.concatenate([nobody, history])
    running = np.maximum.accumulate(history["since"])
    last: Entries = entries[np.searchsorted(running, times, "left")]
    return last
