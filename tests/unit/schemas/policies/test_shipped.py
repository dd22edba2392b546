from dataclasses import replace
from datetime import timedelta

import pytest
from support.policies import parsed, text_of

from schemas.errors import PolicyError
from schemas.map_privacy import MapPrivacy
from schemas.policies import Policies
from schemas.regions import Residency
from schemas.retention import FORTNIGHT

SHIPPED = Policies.shipped()


def test_a_makers_policy_holds_for_its_robots_and_no_other() -> None:
    assert set(SHIPPED.versions) == {"360-robot-vacuum", "smarock"}
    for vendor in SHIPPED.versions:
        policy = SHIPPED.of(vendor)
        assert policy
        assert policy.vendor == vendor
    assert SHIPPED.of("somebody") is None


def test_a_maker_without_a_policy_has_the_default_where_there_is_one() -> None:
    known = Policies.shipped("smarock")
    assert known.of("somebody") == known.of("smarock")
    assert known.of("360-robot-vacuum") != known.of("smarock")
    with pytest.raises(PolicyError, match="there is none of somebody"):
        Policies.shipped("somebody")


def test_the_fortnight_is_what_the_policies_say() -> None:
    assert SHIPPED.retention == FORTNIGHT == timedelta(days=14)


def test_policies_that_differ_in_retention_are_refused() -> None:
    shorter = parsed(text_of("smarock").replace('"P14D"', '"P13D"'))
    with pytest.raises(PolicyError, match="differ in retention"):
        replace(SHIPPED, all=(SHIPPED.all[0], shorter))


def test_frankfurt_is_promised_by_a_clause_and_not_by_the_file_of_countries() -> None:
    assert SHIPPED.locations == {"eu": "eu-central-1"}
    assert Residency.shipped().locations["eu"] == "eu-central-1"  # type: ignore[index]


def test_a_map_shows_what_neither_policy_nor_deployment_forbids() -> None:
    more = {"smarock": MapPrivacy(grid=4), "360-robot-vacuum": MapPrivacy(moved=True)}
    options = dict(zip(SHIPPED.versions, SHIPPED.map_privacies(more), strict=True))
    assert options["smarock"] == MapPrivacy(contour=True, grid=4)
    assert options["360-robot-vacuum"] == MapPrivacy(moved=True)
