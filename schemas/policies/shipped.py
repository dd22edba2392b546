"""The policies of a deployment, by maker: those of this folder, each in a file of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Self

from schemas.errors import PolicyError
from schemas.map_privacy import MapPrivacies, MapPrivacy
from schemas.policies.gates import map_privacy
from schemas.policies.keeping import Residence, Retention
from schemas.policies.policy import Policy

_OTHER = "residency.toml"
"""In the same folder, and no maker's policy: country -> region."""


@dataclass(frozen=True, slots=True)
class Policies:
    """Which policy holds for whose robots.

    Attributes:
        all: Each of another vendor.
        default: The vendor whose policy holds for makers that have none here; empty: their
            records are rejected.
    """

    all: tuple[Policy, ...]
    default: str = ""

    def __post_init__(self) -> None:
        if self.default and self.default not in self.versions:
            raise PolicyError(f"the default policy: there is none of {self.default}")
        if len(self.versions) < len(self.all):
            raise PolicyError("two policies are of one vendor")
        if len({policy.of_kind(Retention)[0].at_most for policy in self.all}) > 1:
            raise PolicyError("policies differ in retention: one lake has one")

    @classmethod
    def shipped(cls, default: str = "") -> Self:
        """Those of this folder.

        Raises:
            PolicyError: A file is wrong, or none is the default's.
        """
        return cls(_shipped(), default)

    @property
    def versions(self) -> Mapping[str, str]:
        """Vendor -> the version in force, as receipts name it."""
        return {policy.vendor: policy.version for policy in self.all}

    @property
    def retention(self) -> timedelta:
        """The time after which no row is left."""
        return self.all[0].of_kind(Retention)[0].at_most

    @property
    def locations(self) -> Mapping[str, str]:
        """Region -> the S3 location that its data is promised to lie in."""
        places = [place for policy in self.all for place in policy.of_kind(Residence)]
        return {place.region: place.location for place in places if place.location}

    def of(self, vendor: str) -> Policy | None:
        """The policy that holds for a vendor's robots."""
        known = {policy.vendor: policy for policy in self.all}
        return known.get(vendor) or known.get(self.default)

    def map_privacies(self, more: MapPrivacies) -> tuple[MapPrivacy, ...]:
        """What is done to maps, in the order of `all`: what a policy asks for, and more.

        Args:
            more: By vendor, what this deployment does beyond.

        Raises:
            PolicyError: A vendor has no policy.
        """
        if unknown := sorted(more.keys() - self.versions.keys()):
            raise PolicyError(f"map privacy: there is no policy of {unknown[0]}")
        return tuple(
            map_privacy(policy) | more.get(policy.vendor, MapPrivacy()) for policy in self.all
        )

    def with_(self, policy: Policy) -> Self:
        """The same with another policy of one vendor."""
        others = tuple(one for one in self.all if one.vendor != policy.vendor)
        return replace(self, all=(*others, policy))


@cache
def _shipped() -> tuple[Policy, ...]:
    return tuple(_read())


def _read() -> Iterator[Policy]:
    for file in sorted(files("schemas.policies").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml") and file.name != _OTHER:
            policy = Policy.parse(file.read_text("utf-8"), file.name)
            if file.name != f"{policy.vendor}.toml":
                raise PolicyError(f"{file.name}: a policy of {policy.vendor} has its name")
            yield policy
