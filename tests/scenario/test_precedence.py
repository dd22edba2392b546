"""Hold is stronger than restrict, restrict than erase, erase than expire, in either order."""

from collections.abc import Callable
from itertools import count, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.office import START
from support.town import Town

from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY

MAIN, ASIDE, HELD, NOWHERE = "main", "aside", "held", "nowhere"

ACTS: dict[str, Callable[[Town, str], object]] = {
    "lift": lambda town, device: town.lift(device),
    "hold": lambda town, device: town.hold(device),
    "restrict": lambda town, device: town.restrict(device),
    "preserve": lambda town, device: town.restrict(device, preserved=True),
    "erase": lambda town, device: town.erase(device),
    "expire": lambda town, _: town.expire(),
    "compact": lambda town, _: town.compact(),
}

ENDS = {
    "hold restrict": ASIDE,
    "hold preserve": ASIDE,
    "hold erase": HELD,
    "hold expire": HELD,
    "hold compact": MAIN,
    "restrict hold": ASIDE,
    "restrict preserve": ASIDE,
    "restrict erase": ASIDE,
    "restrict compact": ASIDE,
    "preserve hold": ASIDE,
    "preserve restrict": ASIDE,
    "preserve erase": ASIDE,
    "preserve expire": ASIDE,
    "preserve compact": ASIDE,
    "compact hold": MAIN,
    "compact restrict": ASIDE,
    "compact preserve": ASIDE,
}
"""Where the rows are after two acts; nowhere, where nothing is said."""

NUMBERS = count(1)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town.build(tmp_path_factory.mktemp("town"))


def places(town: Town, device: str) -> set[str]:
    held = town.holds.offsets(device) if device in town.held else []
    there = {
        MAIN: town.seen(device),
        ASIDE: town.seen(device, aside=True),
        HELD: held,
    }
    return {place for place, rows in there.items() if rows}


@pytest.mark.parametrize(
    ("one", "other"), [*permutations([act for act in ACTS if act != "lift"], 2)]
)
def test_two_acts_in_either_order_end_as_the_precedence_says(
    town: Town, one: str, other: str
) -> None:
    device, beside = f"robot-{next(NUMBERS)}", f"robot-{next(NUMBERS)}"
    for name in (device, beside):
        town.told.register(name)
    town.now = START
    town.store(TELEMETRY, device, beside)
    town.now = START + FORTNIGHT if "expire" in (one, other) else START
    for act in (one, other):
        ACTS[act](town, device)
    wanted = ENDS.get(f"{one} {other}", NOWHERE)
    assert places(town, device) == {wanted} - {NOWHERE}
    assert places(town, beside) == {MAIN} - ({MAIN} if "expire" in (one, other) else set())


def after(place: str, act: str, flags: set[str]) -> str:
    """Where a device's rows are after an act."""
    if act == "erase":
        flags.add("erased")
        return place if "restricted" in flags else NOWHERE
    if act == "restrict":
        flags.add("restricted")
        return ASIDE if place == MAIN else place
    if act == "lift":
        flags.discard("restricted")
        return MAIN if place == ASIDE and "erased" not in flags else place
    return place


@given(st.lists(st.sampled_from(["erase", "restrict", "lift", "compact"]), max_size=5))
@settings(max_examples=8, deadline=None)
def test_acts_in_any_order_leave_rows_where_the_last_strongest_puts_them(
    town: Town, acts: list[str]
) -> None:
    device, place, flags = f"robot-{next(NUMBERS)}", MAIN, set[str]()
    town.now = START
    town.told.register(device)
    town.store(TELEMETRY, device)
    rows = town.seen(device)
    for act in acts:
        ACTS[act](town, device)
        place = after(place, act, flags)
        found = {MAIN: town.seen(device), ASIDE: town.seen(device, aside=True)}
        assert {where for where, mine in found.items() if mine} == {place} - {NOWHERE}
        assert place == NOWHERE or found[place] == rows
