import pytest

from schemas.errors import PolicyError
from schemas.regions import Residency

EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
EU_AND_EEA = [*EU.split(" "), "IS", "LI", "NO"]


@pytest.mark.parametrize("country", EU_AND_EEA)
def test_every_country_of_the_eu_and_the_eea_is_in_frankfurt(country: str) -> None:
    residency = Residency.shipped()
    assert residency.locations[residency.regions[country]] == "eu-central-1"


def test_nobody_else_is_in_the_eus_region() -> None:
    residency = Residency.shipped()
    assert sorted(c for c, r in residency.regions.items() if r == "eu") == sorted(EU_AND_EEA)


def test_a_country_in_two_regions_is_an_error() -> None:
    text = 'version = 1\n[regions.a]\ncountries = "DE"\n[regions.b]\ncountries = "FR DE"'
    with pytest.raises(PolicyError, match="DE belongs to two regions"):
        Residency.parse(text)
