"""What a fleet sends, and how each record has to end: decided here, by none of the product's code.

A record's fate is written as receipts count it: `stored/<region>`, `rejected/<reason>`,
`withheld/<reason>`, `expired`, `elsewhere/<region>`.
"""

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

REGION_OF = {"DE": "eu", "FR": "eu", "IS": "eu", "US": "us", "CA": "us", "GB": "uk", "CN": "cn"}
"""The few countries that tests use; any other has no region."""

CONSENT_FOR = {
    "fleet.telemetry": "telemetry",
    "fleet.map-tiles": "maps",
    "fleet.cleaning-history": "history",
}
_YEAR_2020 = 1_577_836_800_000_000
_AHEAD = 300_000_000
"""Five minutes: how far ahead a robot's clock may be; microseconds, both."""

_THREE_DAYS = 3 * 86_400_000_000
"""Whoever expires rows of four days may find those of three due: they are grouped by date."""

_MAKERS = ("360-robot-vacuum", "smarock")
_NEVER = {
    "360-robot-vacuum": {
        "latitude",
        "longitude",
        "battery_level",
        "battery_flag",
        "battery_start",
        "battery_end",
    },
    "smarock": set[str](),
}
"""Fields that a maker's policy does not let in."""

EVERY_CONSENT = frozenset({*CONSENT_FOR.values(), "location"})


@dataclass(frozen=True, slots=True)
class Registration:
    """What the account service says of a device.

    Attributes:
        bound_since: Microseconds since 1970 in UTC; None where it does not say.
        cancelled: A tombstone.
        vendor: Its maker; only two have policies.
    """

    device: str
    country: str = "DE"
    consents: frozenset[str] = EVERY_CONSENT
    bound_since: int | None = None
    cancelled: bool = False
    vendor: str = "360-robot-vacuum"

    @property
    def record_key(self) -> str:
        """As the account service writes it."""
        return self.device

    @property
    def value(self) -> bytes | None:
        """The record's value, as the account service writes it."""
        if self.cancelled:
            return None
        said = {
            "device": self.device,
            "vendor": self.vendor,
            "model": "S8",
            "country": self.country,
            "account": f"account of {self.device}",
            "bound_since": self.bound_since,
            "consents": [
                {"name": name, "granted": name in self.consents, "since": 0}
                for name in sorted(EVERY_CONSENT)
            ],
        }
        return json.dumps(said).encode()


@dataclass(frozen=True, slots=True)
class Marking:
    """What an officer says of a device, until the next time; nothing where all is false.

    Attributes:
        erased: Whoever had it up to then is; microseconds since 1970 in UTC.
    """

    device: str
    restricted: bool = False
    stopped: bool = False
    erased: int | None = None

    @property
    def record_key(self) -> str:
        """Its place among the registrations."""
        folded = "".join(letter for letter in self.device.lower() if letter not in " :._-")
        return f"mark/{folded}"

    @property
    def value(self) -> bytes | None:
        """The record's value, as officers' commands write it."""
        said = {"restricted": self.restricted, "stopped": self.stopped, "erased": self.erased}
        if not any(said.values()):
            return None
        return json.dumps({"device": self.device, **said}).encode()


@dataclass(frozen=True, slots=True)
class Sent:
    """A record that a robot sends.

    Attributes:
        device: Its device as registered, and the record's key.
        event_time: The robot's clock, microseconds since 1970 in UTC.
        planned: The fate that its bytes alone decide; empty: as the registry says.
        fields: Names of those that have a value once it is decoded.
        has_fault: It names one.
    """

    topic: str
    device: str
    event_time: int
    value: bytes | None
    planned: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()
    fields: frozenset[str] = frozenset()
    has_fault: bool = False


@dataclass(frozen=True, slots=True)
class Rulings:
    """What officers have done in a region, once all of it is done; devices as registered.

    Attributes:
        erased: Devices whose rows were taken out.
        restricted: Those whose rows were put aside, and lie there still.
        lifted: Those whose rows were put aside for a while.
        held: Those whose rows are copied before they go.
    """

    region: str = "eu"
    erased: frozenset[str] = frozenset()
    restricted: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rest:
    """What has to become of a stored row at last.

    Attributes:
        taken: The reason for which officers took it out of its table; empty where it is there.
        may_be_gone: Reasons for which nobody has to find it: its hour may have come, by a clock
            that is ten days ahead, in its table or where it was put aside.
        is_held: It is copied before it goes.
    """

    taken: str = ""
    may_be_gone: frozenset[str] = frozenset()
    is_held: bool = False


@dataclass(slots=True)
class Oracle:
    """Decides how a record has to end, from all registrations and the time of each.

    Attributes:
        served: Regions that the workers serve.
    """

    served: frozenset[str] = frozenset({"eu", "us"})
    rulings: Rulings = field(default_factory=Rulings)
    _times: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _history: dict[str, list[Registration]] = field(default_factory=lambda: defaultdict(list))
    _marks: dict[str, list[tuple[int, Marking]]] = field(default_factory=lambda: defaultdict(list))

    def hear(self, told: Iterable[tuple[int, Registration | Marking]]) -> None:
        """Learn what was told, in the order and with the ingest times that the broker gave."""
        for time, one in told:
            if isinstance(one, Marking):
                self._marks[one.record_key].append((time, one))
            else:
                self._times[one.device].append(time)
                self._history[one.device].append(one)

    def fate(self, sent: Sent, ingest_time: int) -> str:
        """How the record has to end that the broker took at this time (microseconds)."""
        now = self._known(sent, ingest_time)
        if sent.planned:
            return sent.planned
        if now is None:
            return "rejected/the device is not registered"
        if now.cancelled:
            return "withheld/the account was cancelled"
        return (
            self._abroad(now)
            or _too_early(sent, now, ingest_time)
            or self._marked(now, ingest_time)
            or _withheld(sent, now)
            or f"stored/{_region(now)}"
        )

    def rest(self, sent: Sent, ingest_time: int, fate: str) -> Rest:
        """What has to become of a record that ends so; dead letters stay, for they are new."""
        if not fate.startswith("stored/"):
            return Rest()
        is_old = ingest_time - _happened(sent, ingest_time) >= _THREE_DAYS
        may_be_gone = {"expire"} if is_old else set()
        if fate != f"stored/{self.rulings.region}":
            return Rest("", frozenset(may_be_gone))
        taken = "erase" if sent.device in self.rulings.erased else ""
        if sent.device in self.rulings.restricted:
            taken = "restrict"
        if is_old and sent.device in self.rulings.lifted:
            may_be_gone.add("restrict")
        return Rest(taken, frozenset(may_be_gone), sent.device in self.rulings.held)

    def _marked(self, now: Registration, ingest_time: int) -> str:
        """Why an officer keeps the record out; empty where none does."""
        marks = self._marks.get(Marking(now.device).record_key, [])
        said = [one for time, one in marks if time < ingest_time]
        times = [time for time, _ in marks if time < ingest_time]
        if not said:
            return ""
        if said[-1].restricted:
            return "withheld/restricted"
        if said[-1].stopped:
            return "withheld/stopped"
        erased = said[-1].erased
        bound = -1 if now.bound_since is None else now.bound_since
        is_erased = erased is not None and bound <= min(erased, times[-1])
        return "withheld/erased" if is_erased else ""

    def _abroad(self, now: Registration) -> str:
        """Why the record is nobody's here; empty where it is somebody's."""
        if _region(now) is None:
            return "rejected/no region may hold the device's country"
        if _region(now) not in self.served:
            return f"elsewhere/{_region(now)}"
        known = now.vendor in _MAKERS
        return "" if known else "rejected/no policy holds for the device's maker"

    def blanked(self, sent: Sent, ingest_time: int) -> set[tuple[str, str, str]]:
        """(vendor, column, why) of what a stored record of this time has to leave out."""
        now = self._known(sent, ingest_time)
        if now is None or not self.fate(sent, ingest_time).startswith("stored/"):
            return set()
        gone = {(name, "not collected") for name in _NEVER[now.vendor]}
        if now.vendor == "smarock" and "location" not in now.consents:
            gone |= {("latitude", "no consent"), ("longitude", "no consent")}
        if now.vendor == "smarock" and sent.topic == "fleet.telemetry" and not sent.has_fault:
            gone |= {(name, "no fault that a map is for") for name in ("x", "y")}
        return {(now.vendor, name, why) for name, why in gone if name in sent.fields}

    def vendor(self, sent: Sent, ingest_time: int) -> str:
        """The maker that the device is registered with; empty where it is not."""
        now = self._known(sent, ingest_time)
        return "" if now is None or now.cancelled else now.vendor

    def _known(self, sent: Sent, ingest_time: int) -> Registration | None:
        known = bisect_left(self._times.get(sent.device, []), ingest_time)
        return self._history[sent.device][known - 1] if known else None


def _region(now: Registration) -> str | None:
    return REGION_OF.get(now.country)


def _too_early(sent: Sent, now: Registration, ingest_time: int) -> str:
    """Why it is not the present owner's; empty where it is."""
    if now.bound_since is not None and _happened(sent, ingest_time) < now.bound_since:
        return "withheld/before the device was bound"
    return ""


def _happened(sent: Sent, ingest_time: int) -> int:
    """When, by the robot's clock; by the broker's where the robot's is insane."""
    is_sane = _YEAR_2020 <= sent.event_time <= ingest_time + _AHEAD
    return sent.event_time if is_sane else ingest_time


def _withheld(sent: Sent, now: Registration) -> str:
    """Why the owner's words or the maker's policy keep the record out; empty where they do not."""
    if now.vendor == "smarock" and now.bound_since is None:
        return "withheld/the device is not bound"
    if CONSENT_FOR[sent.topic] not in now.consents:
        return "withheld/no consent"
    if now.vendor == "smarock" and sent.topic == "fleet.map-tiles" and not sent.has_fault:
        return "withheld/no fault that a map is for"
    return ""
