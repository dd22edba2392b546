import ipaddress

from schemas.canaries import canaries
from schemas.policies import Policies
from schemas.privacy import canonical
from schemas.regions import Residency

ALL = list(canaries())


def test_there_is_one_in_every_region_and_of_every_maker() -> None:
    residency = Residency.shipped()
    assert {(one.region, one.vendor) for one in ALL} == {
        (region, vendor)
        for region in residency.regions.values()
        for vendor in Policies.shipped().versions
    }
    assert all(residency.regions[one.country] == one.region for one in ALL)


def test_their_names_are_nobodys_and_no_two_are_alike() -> None:
    names = [name for one in ALL for name in one.identifiers()]
    assert len({canonical(name) for name in names}) == len(names)
    documentation = ipaddress.ip_network("192.0.2.0/24")  # RFC 5737
    for one in ALL:
        assert one.account.endswith("@example.com")
        assert ipaddress.ip_address(one.secrets["ip"]) in documentation
        assert one.secrets["mac"].startswith("00:00:5e:00:53:")  # RFC 7042
