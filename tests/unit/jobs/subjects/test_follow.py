from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.office import EU, START
from support.town import ALICE, BOB, TABLES, Town
from support.wire import registration

from jobs.subjects.changes import ITEMS
from jobs.subjects.follow import LOOKS_BACK, Changes, Due, Follower, Why, concerns, plan
from jobs.subjects.roll import Listed
from jobs.subjects.subject import names
from schemas.marks import Mark
from schemas.policies import Policies
from schemas.privacy import canonical
from schemas.retention import FORTNIGHT, microseconds
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY
from schemas.tables.devices import Consent, Device
from storage.links import LinkPath, links_in, put_link
from streams.registry import CONSENTS, Registry

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = START - 2 * FORTNIGHT
SMAROCK, OTHER = "smarock", "360-robot-vacuum"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town.build(tmp_path)
    for table in TABLES:
        made.store(table, ALICE, BOB)
        made.store(table, BOB)
    for device in (ALICE, BOB):
        say(made, device)
    return made


def device_of(
    device: str,
    *,
    vendor: str = SMAROCK,
    bound: datetime | None = LONG_AGO,
    refused: Iterable[str] = (),
    at: datetime = START,
) -> Device:
    consents = tuple(Consent(item, item not in refused, microseconds(at)) for item in ITEMS)
    value = registration(device).value or b""
    return msgspec.structs.replace(
        msgspec.json.decode(value, type=Device),
        vendor=vendor,
        bound_since=None if bound is None else microseconds(bound),
        consents=consents,
    )


def say(town: Town, device: str, said: Device | None = None, *, came: datetime = START) -> None:
    """What is told of a device now; where nothing is given, that all is well for long."""
    listed = Listed(device, said or device_of(device, at=LONG_AGO), came)
    town.told.devices[canonical(device)] = listed


def cancel(town: Town, device: str, came: datetime = START) -> None:
    town.told.devices[canonical(device)] = Listed(device, None, came)


def due(town: Town) -> list[Due]:
    mine = partial(names, keyring=town.keys, region=EU)
    return plan(town.told.roll, mine, Policies.shipped(), town.now)


def follow(town: Town) -> dict[str, int]:
    """A run; why -> rows."""
    rows: dict[str, int] = {}
    follower = Follower(town.house.office(town.now), town.estate())
    for one in due(town):
        rows[one.why] = rows.get(one.why, 0) + follower.follow(one)
    return {why: n for why, n in rows.items() if n}


def states(town: Town) -> list[str]:
    entries = town.house.office().ledger.entries()
    return [one.act.scope["state"] for one in entries if one.act.name == "follow"]


def test_where_nothing_changed_nothing_is_looked_for(town: Town) -> None:
    before = town.everything()
    assert due(town) == []
    assert follow(town) == {}
    assert town.everything() == before


def test_a_cancelled_accounts_rows_are_gone_from_every_decoded_byte_and_no_others(
    town: Town,
) -> None:
    of_bob, (name,) = town.seen(BOB), town.names(ALICE)
    put_link(town.estate().store, LinkPath(START + HOUR, 1, 2), {name: "k2:0"})
    cancel(town, ALICE)
    assert follow(town) == {Why.CANCELLED: 9}
    assert town.traces(ALICE) == []
    assert town.seen(BOB) == of_bob
    assert links_in(town.estate().store) == []
    assert states(town) == ["begun", "done"] * 3
    assert follow(town) == {}
    assert states(town) == ["begun", "done"] * 3


def test_of_devices_that_were_bound_each_loses_what_is_older_than_its_own_binding(
    town: Town,
) -> None:
    (table, *_) = town.estate().tables
    bound = {ALICE: START - 2 * HOUR, BOB: START + HOUR}
    times = [START + n * HOUR for n in range(-4, 4)]
    for device, since in bound.items():
        say(town, device, device_of(device, bound=since))
        (name,) = town.names(device)
        town.commit(table, town.rows_at(name, *times), START + FORTNIGHT)
    assert follow(town)[Why.FORMER] > 0
    rows = table.dataset().to_table(["device", "event_time"])
    for device, since in bound.items():
        (name,) = town.names(device)
        left = [
            time.as_py()
            for one, time in zip(rows["device"], rows["event_time"], strict=True)
            if one.as_py() == name
        ]
        assert {time for time in times if time >= since} <= set(left)
        assert min(left) >= since
    assert follow(town) == {}


def test_a_device_that_says_to_be_bound_in_a_far_future_holds_nobody_up(town: Town) -> None:
    far = msgspec.structs.replace(device_of(ALICE), bound_since=2**62)
    say(town, ALICE, far)
    of_bob = town.seen(BOB)
    assert follow(town) == {Why.FORMER: 9}
    assert town.seen(BOB) == of_bob


@pytest.mark.parametrize("vendor", [SMAROCK, OTHER])
@pytest.mark.parametrize(
    ("item", "table"),
    [("telemetry", TELEMETRY), ("maps", MAP_TILES), ("history", CLEANING_HISTORY)],
)
def test_rows_that_a_withdrawn_consent_let_in_are_gone_and_no_others(
    town: Town, vendor: str, item: str, table: object
) -> None:
    of_bob = town.seen(BOB)
    others = [row for row in town.seen(ALICE) if row[0] != getattr(table, "name", "")]
    say(town, ALICE, device_of(ALICE, vendor=vendor, refused=[item]))
    assert follow(town) == {Why.WITHDRAWN: 3}
    assert town.seen(ALICE) == others
    assert town.seen(BOB) == of_bob


def test_values_that_a_withdrawn_consent_let_in_are_gone_once_and_nothing_else_changes(
    town: Town,
) -> None:
    before, place = town.everything(), ["latitude", "longitude"]
    say(town, ALICE, device_of(ALICE, refused=["location"]))
    assert follow(town) == {Why.WITHDRAWN: 3}
    after, version = town.everything(), town.house.destination.version()
    assert after["telemetry"].drop(place).equals(before["telemetry"].drop(place))
    assert after["map_tiles"].equals(before["map_tiles"])
    (name,) = town.names(ALICE)
    for column in place:
        for device, was, now in zip(
            *(before["telemetry"][one] for one in ("device", column)),
            after["telemetry"][column],
            strict=True,
        ):
            assert now.as_py() == (None if device.as_py() == name else was.as_py())
    assert follow(town) == {}
    assert town.house.destination.version() == version


def test_a_maker_whose_consent_lets_no_columns_in_loses_none(town: Town) -> None:
    say(town, ALICE, device_of(ALICE, vendor=OTHER, refused=["location"]))
    assert due(town) == []


@pytest.mark.parametrize("restricted", [True, False])
def test_a_restricted_device_loses_nothing_until_that_is_lifted(
    town: Town, *, restricted: bool
) -> None:
    cancel(town, ALICE)
    listed = town.told.roll.of(ALICE)
    mark = Mark(device=ALICE, restricted=restricted, stopped=True)
    town.told.devices[canonical(ALICE)] = replace(listed, mark=mark)
    assert bool(town.traces(ALICE)) is True
    follow(town)
    assert bool(town.traces(ALICE)) is restricted


def test_what_changed_so_long_ago_that_no_row_can_be_left_is_not_looked_for() -> None:
    early, late = START - LOOKS_BACK - HOUR, START - LOOKS_BACK + HOUR

    def told(at: datetime) -> list[Listed]:
        silent = msgspec.structs.replace(device_of("a"), consents=())
        return [
            Listed("a", None, at),
            Listed("a", device_of("a", bound=at, at=LONG_AGO), START),
            Listed("a", device_of("a", refused=["maps"], at=LONG_AGO), at),
            Listed("a", silent, at),
        ]

    assert not any(map(concerns(START), told(early)))
    assert all(map(concerns(START), told(late)))


consents = st.lists(
    st.builds(Consent, st.sampled_from(ITEMS), st.booleans(), st.just(microseconds(START))),
    max_size=8,
)


@given(consents)
def test_what_nobody_consents_to_is_what_a_worker_withholds_for(said: list[Consent]) -> None:
    device = msgspec.structs.replace(device_of("a"), consents=tuple(said))
    known, value = Registry(), msgspec.json.encode(device)
    known.apply([replace(registration("a"), value=value)], 1)
    (bits,) = known.as_of(["a"], np.zeros(1, int), np.array([9])).consents
    granted = {item for place, item in enumerate(CONSENTS) if bits >> place & 1}
    changes = Changes.of(Listed("a", device, START), START - DAY)
    assert changes.refused == set(CONSENTS) - granted
