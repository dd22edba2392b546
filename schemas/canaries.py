"""Canary robots: one in every region and of every maker, whose names are public test values.

They run through the system for ever, as any robot does. Whoever looks for leaks looks for them
everywhere, and may say what was found: they are nobody's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.policies import Policies
from schemas.regions import Region

_COUNTRIES = {Region("eu"): "DE", Region("uk"): "GB", Region("us"): "US", Region("cn"): "CN"}


@dataclass(frozen=True, slots=True)
class Canary:
    """One of them.

    Attributes:
        device: Its id, the key of its records.
        secrets: What careless firmware sends along, by the name of the field.
    """

    region: Region
    country: str
    vendor: str
    device: str
    account: str
    secrets: Mapping[str, str]

    def identifiers(self) -> frozenset[str]:
        """Every text that names it, and must be nowhere behind the input topics."""
        return frozenset({self.device, self.account, *self.secrets.values()})

    def is_registered_as(self, vendor: str, account: str, country: str) -> bool:
        """Whether a registration under its id is its own; else some device took its name."""
        return (vendor, account, country) == (self.vendor, self.account, self.country)


def canaries() -> Iterator[Canary]:
    """All of them, always in the same order."""
    for number, (region, country) in enumerate(_COUNTRIES.items()):
        for place, vendor in enumerate(sorted(Policies.shipped().versions)):
            yield _canary(region, country, vendor, 2 * number + place)


def _canary(region: Region, country: str, vendor: str, number: int) -> Canary:
    name = f"{region}-{vendor}"
    return Canary(
        region=region,
        country=country,
        vendor=vendor,
        device=f"canary-{name}",
        account=f"canary-{name}@example.com",  # RFC 2606: nobody's domain
        secrets={
            "serial_number": f"CANARYSN{region.upper()}{number:04}",
            "wifi_ssid": f"canary-wifi-{name}",
            "wifi_password": f"canary-password-{name}",
            "mac": f"00:00:5e:00:53:{number:02x}",  # RFC 7042: for documentation
            "ip": f"192.0.2.{200 + number}",  # RFC 5737: for documentation
        },
    )
