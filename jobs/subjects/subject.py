"""Who is meant: from a raw device id or account to devices, and to the pseudonyms that rows have.

Computed forward, under every version that is live; no table leads back.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Self

from jobs.subjects.roll import Keeps, Listed, Roll
from schemas.errors import SettingsError
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKey
from schemas.privacy import Domain, canonical, domain_key, pseudonyms
from schemas.regions import Region, Residency

DEVICE, ACCOUNT = "device", "account"


@dataclass(frozen=True, slots=True)
class Named:
    """A subject as somebody names it: raw, so never shown.

    Attributes:
        kind: `device` or `account`.
    """

    kind: str
    name: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `device:ID` or `account:ID`.

        Raises:
            SettingsError: It is neither; what it is instead is not told.
        """
        kind, _, name = text.strip().partition(":")
        if kind not in (DEVICE, ACCOUNT) or not canonical(name):
            raise SettingsError("a subject is device:ID or account:ID")
        return cls(kind, name)

    def is_meant(self, listed: Listed) -> bool:
        """Whether a device is the subject's: it, or its present or last account."""
        if self.kind == DEVICE:
            return canonical(listed.device) == canonical(self.name)
        owned = listed.registration or listed.former
        return owned is not None and canonical(owned.account) == canonical(self.name)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a request is about, in one region.

    Attributes:
        tag: Under the region's ledger key: all that is told of the subject.
        devices: Ids, each once.
    """

    tag: str
    devices: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A region in which subjects are looked for."""

    key: LedgerKey = field(repr=False)
    residency: Residency

    def subject(self, named: Named, roll: Roll) -> Subject:
        """Who is meant, with the devices that are, or were, this region's.

        A device of which no country is told may have rows anywhere: it is looked for everywhere. So
        is one that nobody registered, where it is named itself.
        """
        tag = self.key.tag(named.kind, named.name)
        listed = [roll.of(named.name)] if named.kind == DEVICE else roll.devices.values()
        mine = [one for one in listed if named.is_meant(one) and self._is_here(one)]
        return Subject(tag, tuple(one.device for one in mine))

    def _is_here(self, listed: Listed) -> bool:
        regions = {self.residency.regions.get(country) for country in listed.countries}
        return self.key.region in regions or not listed.countries


def wanted(named: Collection[Named]) -> Keeps:
    """What of the roll is needed to tell who these are: one pass for all of them."""
    devices = {canonical(one.name) for one in named if one.kind == DEVICE}
    accounts = {canonical(one.name) for one in named if one.kind == ACCOUNT}

    def keeps(listed: Listed) -> bool:
        owned = listed.registration or listed.former
        return canonical(listed.device) in devices or (
            owned is not None and canonical(owned.account) in accounts
        )

    return keeps


def names(devices: Iterable[str], keyring: Keyring, region: Region) -> frozenset[str]:
    """The pseudonyms of devices in a region, under every version that is live.

    Args:
        devices: Ids.
        keyring: Its secrets of the region opened.
    """
    ids = list(devices)
    return frozenset(
        name
        for key in keyring.live(region)
        for name in pseudonyms(ids, domain_key(key.secret, Domain.DEVICE), key.version)
    )
