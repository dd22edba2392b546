"""Who a robot belongs to: everything that its maker, its owner and its network know of it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args

import numpy as np

from jobs.demo.fleet.home.dice import choose, happens
from schemas.canaries import Canary
from schemas.errors import SettingsError
from schemas.regions import Residency
from schemas.retention import microseconds
from schemas.tables.devices import Consent, ConsentName, Device

VENDORS = ("360-robot-vacuum", "smarock")

_MODELS = {"360-robot-vacuum": ("S5", "S7", "S9", "X95"), "smarock": ("S1", "S10", "R3 Pro")}
_COUNTRIES = {
    "DE": (52.52, 13.405),
    "FR": (48.857, 2.352),
    "IT": (41.893, 12.483),
    "ES": (40.417, -3.704),
    "NL": (52.373, 4.892),
    "PL": (52.23, 21.011),
    "SE": (59.325, 18.071),
    "NO": (59.913, 10.739),
    "GB": (51.507, -0.128),
    "US": (40.713, -74.006),
    "CA": (43.653, -79.383),
    "CN": (39.906, 116.391),
}
"""Where the robots of a country roughly are; also the countries that `EU` and `UK` stand for."""

NOWHERE = "AQ"
"""Registered there, a robot has no region: its records are rejected."""

_NAMES: tuple[ConsentName, ...] = get_args(ConsentName)
_REFUSED = (0.03, 0.08, 0.04, 0.3)
"""Share of owners who say no to each of them."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One robot's registration, and what must never be seen outside the input topics.

    Attributes:
        device: Its id, the key of its records.
        place: Latitude and longitude in degrees, as exactly as a phone says them.
        secrets: Serial, Wi-Fi name and password, MAC, IP: careless firmware sends them along.
        is_registered: A robot that is not sends all the same.
        is_bound: To an account.
        sends_every_map: Also where its maker wants maps for faults only.
        is_steady: Its owner changes nothing.
    """

    device: str
    vendor: str
    model: str
    country: str
    account: str
    consents: tuple[bool, ...]
    place: tuple[float, float] | None
    secrets: tuple[tuple[str, str], ...]
    is_registered: bool = True
    is_bound: bool = True
    sends_every_map: bool = False
    is_steady: bool = False

    def granted(self, name: ConsentName) -> bool:
        """Whether the owner consented."""
        return self.consents[_NAMES.index(name)]

    def registration(self, now: datetime) -> Device:
        """What the account service says of it."""
        since = microseconds(now - timedelta(days=60))
        return Device(
            device=self.device,
            vendor=self.vendor,
            model=self.model,
            country=self.country,
            account=self.account,
            bound_since=since if self.is_bound else None,
            consents=tuple(
                Consent(name, granted, since)
                for name, granted in zip(_NAMES, self.consents, strict=True)
            ),
        )

    def identifiers(self) -> frozenset[str]:
        """Every text that names this robot, its owner or their network."""
        return frozenset({self.device, self.account, *(text for _, text in self.secrets)})

    def changed(self, rng: np.random.Generator, countries: Sequence[str]) -> "Owner":
        """The same robot after its owner moved, or said yes or no to something."""
        if happens(rng, 0.5):
            return replace(self, country=choose(rng, countries))
        flipped = int(rng.integers(len(_NAMES)))
        consents = tuple(
            granted ^ (place == flipped) for place, granted in enumerate(self.consents)
        )
        return replace(self, consents=consents)


def countries_of(names: Sequence[str], residency: Residency) -> tuple[str, ...]:
    """Countries for codes (`DE`, `US`) and regions (`EU`, `UK`), in a fixed order.

    Raises:
        SettingsError: A name is neither.
    """
    found: dict[str, None] = {}
    for name in names:
        region = name.casefold()
        members = [code for code in _COUNTRIES if residency.regions.get(code) == region]
        if name in residency.regions:
            members = [name]
        if not members:
            allowed = ", ".join(["EU", "UK", *sorted(residency.regions)])
            raise SettingsError(f"--countries: there is no {name}; there are {allowed}")
        found |= dict.fromkeys(members)
    return tuple(found)


def owner_of(seed: int, index: int, vendors: Sequence[str], countries: Sequence[str]) -> Owner:
    """The owner of the fleet's robot with this index: always the same for a seed."""
    rng = np.random.default_rng([seed, index, 1])
    digest = hashlib.sha256(f"robot {seed}/{index}".encode()).hexdigest()
    vendor = choose(rng, vendors)
    country = choose(rng, countries)
    models = _MODELS.get(vendor, ("S1",))
    return Owner(
        device=_device(vendor, digest),
        vendor=vendor,
        model=choose(rng, models),
        country=country,
        account=f"acct-{digest[12:24]}@example.{country.lower()}",
        consents=tuple((rng.random(len(_NAMES)) >= _REFUSED).tolist()),
        place=_place(rng, country),
        secrets=tuple(_secrets(digest)),
    )


def owner_of_canary(canary: Canary) -> Owner:
    """Who a canary belongs to: somebody who agrees to everything, and never moves."""
    return Owner(
        device=canary.device,
        vendor=canary.vendor,
        model=_MODELS[canary.vendor][0],
        country=canary.country,
        account=canary.account,
        consents=(True,) * len(_NAMES),
        place=_COUNTRIES[canary.country],
        secrets=tuple(canary.secrets.items()),
        is_steady=True,
    )


def identifiers(owners: Iterator[Owner]) -> frozenset[str]:
    """What a search for leaks has to look for."""
    return frozenset().union(*(owner.identifiers() for owner in owners))


def _device(vendor: str, digest: str) -> str:
    if vendor == "smarock":
        return "SR:" + ":".join(digest[i : i + 2] for i in range(0, 12, 2)).upper()
    return f"360-{digest[:4]}-{digest[4:12]}".upper()


def _secrets(digest: str) -> Iterator[tuple[str, str]]:
    pair = [digest[i : i + 2] for i in range(24, 36, 2)]
    yield "serial_number", f"SN{digest[36:48].upper()}"
    yield "wifi_ssid", f"FRITZ-Box {digest[48:54]}"
    yield "wifi_password", f"pw-{digest[54:64]}"
    yield "mac", ":".join(pair)
    yield "ip", f"192.168.{int(pair[0], 16)}.{int(pair[1], 16)}"


def _place(rng: np.random.Generator, country: str) -> tuple[float, float] | None:
    middle = _COUNTRIES.get(country)
    if middle is None:
        return None
    north, east = rng.normal(0, 0.4, 2)
    return round(middle[0] + float(north), 6), round(middle[1] + float(east), 6)
