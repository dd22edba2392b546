from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import msgspec
import numpy as np
import pytest
from support.wire import reading, tile

from jobs.demo.fleet.faults import KINDS, TILE_KINDS, Good, break_as
from jobs.demo.fleet.firmware import MESSAGEPACK
from jobs.demo.fleet.plan import Mix, Plan
from jobs.demo.fleet.records import Record
from jobs.demo.fleet.registrations import countries_of, identifiers
from jobs.demo.fleet.robot import RECORDS_A_SECOND
from jobs.demo.fleet.simulation import records
from schemas.canaries import canaries
from schemas.errors import SettingsError
from schemas.regions import Residency
from schemas.retention import moment
from schemas.tables import STREAMED
from schemas.tables.devices import DEVICES_TOPIC, Device

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
PLAN = Plan(robots=20, countries=("DE", "US", "GB"), speed=30)


def sent(plan: Plan = PLAN, n: int = 6_000) -> list[Record]:
    return list(islice(records(plan, START), n))


def decoded(record: Record) -> msgspec.Struct:
    wire = STREAMED[record.topic].wire
    assert wire is not None
    assert record.value is not None
    strict = msgspec.defstruct(wire.__name__, [], bases=(wire,), forbid_unknown_fields=True)
    if record.headers == MESSAGEPACK:
        return msgspec.msgpack.decode(record.value, type=strict)
    return msgspec.json.decode(record.value, type=strict)


def test_equal_plans_make_equal_records_and_another_seed_makes_others() -> None:
    assert sent(n=2_000) == sent(n=2_000)
    assert sent(n=2_000) != sent(replace(PLAN, seed=2), n=2_000)


def test_every_record_of_a_perfect_fleet_decodes_strictly_and_is_stored() -> None:
    plan = replace(PLAN, mix=Mix.none())
    spoken = [one for one in sent(plan) if one.topic != DEVICES_TOPIC]
    for record in spoken:
        decoded(record)
        assert record.fate.how in {"stored", "withheld"}  # an owner may still say no
    assert {record.topic for record in spoken} == set(STREAMED)


def test_records_come_when_they_are_due_and_clocks_that_are_right_never_run_ahead() -> None:
    spoken = sent(replace(PLAN, mix=replace(Mix.none(), late=0.2, offline=0.5)))
    assert all(a.after <= b.after for a, b in pairwise(spoken))
    for record in spoken:
        if record.topic != DEVICES_TOPIC:
            at = moment(decoded(record).event_time)  # type: ignore[attr-defined]
            assert at <= START + timedelta(seconds=record.after)


def test_a_robot_is_registered_before_it_speaks_unless_it_never_is() -> None:
    registered: set[bytes] = set()
    strangers = {one.device.encode() for one in PLAN.owners() if not one.is_registered}
    for record in sent():
        if record.topic == DEVICES_TOPIC:
            registered.add(record.record_key)
            assert record.value is None or msgspec.json.decode(record.value, type=Device)
        elif record.fate.how != "rejected":
            assert record.record_key in registered
    assert strangers
    assert not registered & strangers


def test_canaries_speak_as_robots_do_and_nothing_about_them_ever_changes() -> None:
    plan = replace(PLAN, robots=0, canaries=True, mix=replace(Mix.none(), changes=1.0))
    spoken = sent(plan, 2_000)
    known = {one.device.encode() for one in canaries()}
    registered = [one.record_key for one in spoken if one.topic == DEVICES_TOPIC]
    assert sorted(registered) == sorted(known)
    assert {one.record_key for one in spoken if one.topic != DEVICES_TOPIC} == known
    assert {one.fate.how for one in spoken if one.topic == "fleet.telemetry"} == {"stored"}


def test_smarock_sends_maps_only_for_a_fault() -> None:
    plan = replace(PLAN, vendors=("smarock",), mix=Mix.none())
    tiles = [decoded(one) for one in sent(plan, 8_000) if one.topic == "fleet.map-tiles"]
    assert tiles
    assert all(one.fault for one in tiles)  # type: ignore[attr-defined]


def test_a_fleet_lives_as_fast_as_its_rate_asks_for() -> None:
    plan = replace(PLAN, robots=50).at_rate(200)
    assert plan.speed == pytest.approx(200 / 50 / RECORDS_A_SECOND)
    seconds = sent(plan, 12_000)[-1].after
    assert 12_000 / seconds == pytest.approx(200, rel=0.4)


@pytest.mark.parametrize("kind", [*KINDS, *TILE_KINDS])
def test_a_broken_record_is_not_what_its_table_takes(kind: str) -> None:
    owner = PLAN.owners()[0]
    fields = tile(tile_x=3) if kind in TILE_KINDS else reading()
    broken = break_as(kind, Good(fields, owner, np.random.default_rng(3)))
    assert broken.kind == kind
    assert broken.value != msgspec.json.encode(fields) or broken.headers


def test_every_name_that_a_search_for_leaks_needs_is_known() -> None:
    owners = PLAN.owners()
    names = identifiers(iter(owners))
    for owner in owners:
        assert {owner.device, owner.account, *dict(owner.secrets).values()} <= names


def test_a_region_stands_for_its_countries_and_a_country_for_itself() -> None:
    residency = Residency.shipped()
    eu = countries_of(["EU"], residency)
    assert {"DE", "FR", "NO"} <= set(eu)
    assert {residency.regions[code] for code in eu} == {"eu"}
    assert countries_of(["US", "UK", "PT"], residency) == ("US", "GB", "PT")
    with pytest.raises(SettingsError, match="there is no XX"):
        countries_of(["XX"], residency)
