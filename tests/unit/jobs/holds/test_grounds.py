import pytest

from jobs.holds.grounds import check_ground
from jobs.subjects.roll import Listed
from schemas.errors import PolicyError
from schemas.policies import Policies
from schemas.tables.devices import Device

POLICIES = Policies.shipped()


def of(vendor: str) -> Listed:
    device = Device(device="d", vendor=vendor, model="m", country="DE", account="a")
    return Listed("d", registration=device)


def test_a_hold_is_placed_on_a_ground_that_each_makers_policy_names() -> None:
    check_ground("dispute", [of("360-robot-vacuum")], POLICIES)
    check_ground("legal procedure", [of("smarock")], POLICIES)
    check_ground("investigation", [Listed("gone")], POLICIES)
    for ground, listed in (
        ("dispute", [of("smarock")]),
        ("legal procedure", [of("smarock"), of("360-robot-vacuum")]),
        ("curiosity", [Listed("gone")]),
    ):
        with pytest.raises(PolicyError, match="is allowed"):
            check_ground(ground, listed, POLICIES)
