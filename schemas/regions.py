"""Which jurisdiction a row lives in: from a device's registered country to a bucket's region."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import NewType, Self

from schemas.errors import PolicyError
from schemas.policies import Policies

Region = NewType("Region", str)
"""A jurisdiction that decides the bucket: `eu`, `uk`, `us`, `cn`."""


@dataclass(frozen=True, slots=True)
class Residency:
    """Which region each country's devices belong to, and where that region's buckets must be.

    Attributes:
        version: Of the rule; every receipt names it, for routing must be the same on every try.
        regions: Country (ISO 3166-1 alpha-2) -> region. A country that is not here is rejected.
        locations: Region -> the S3 location that its buckets must have, where one is promised.
    """

    version: int
    regions: Mapping[str, Region]
    locations: Mapping[Region, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a residency file.

        Raises:
            PolicyError: A country belongs to two regions.
        """
        document = tomllib.loads(text)
        regions: dict[str, Region] = {}
        locations: dict[Region, str] = {}
        for name, rule in document["regions"].items():
            if "location" in rule:
                locations[Region(name)] = rule["location"]
            for country in rule["countries"].split():
                if country in regions:
                    raise PolicyError(f"residency: {country} belongs to two regions")
                regions[country] = Region(name)
        return cls(document["version"], regions, locations)

    @classmethod
    def shipped(cls) -> Self:
        """Which country is whose, and the locations that this file or a maker's policy promises."""
        rule = cls.parse(files("schemas").joinpath("policies/residency.toml").read_text("utf-8"))
        promised = {Region(name): place for name, place in Policies.shipped().locations.items()}
        return replace(rule, locations={**rule.locations, **promised})
