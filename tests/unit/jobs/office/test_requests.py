from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.office import ALICE, EU, NUMBER, START, House

from jobs.office import bookkeeping, requests
from schemas.acts import Act, Ground
from schemas.errors import PolicyError, SettingsError
from schemas.ledger import Entry
from schemas.requests import (
    ANSWER,
    EXTEND,
    OPEN,
    REFUSE,
    Refusal,
    Request,
    Right,
    register,
)

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ACTS = st.lists(st.sampled_from([OPEN, EXTEND, ANSWER, REFUSE, "keys rotate"]), max_size=6)


def entry(name: str, number: int, request: str = NUMBER) -> Entry:
    scope = {
        OPEN: {"right": "access", "received": "2026-11-20"},
        REFUSE: {"refused": "identity"},
    }.get(name, {})
    act = Act(name=name, by=ALICE, why=Ground.REQUEST, request=request, scope=scope)
    return Entry(
        region=EU,
        number=number,
        previous="",
        time=START + timedelta(days=number),
        mark="",
        act=act,
    )


@pytest.mark.parametrize(
    ("received", "due", "extended"),
    [
        ("2026-11-20", "2026-12-20", "2027-02-20"),
        ("2026-01-31", "2026-02-28", "2026-04-30"),
        ("2028-01-31", "2028-02-29", "2028-04-30"),
        ("2026-12-31", "2027-01-31", "2027-03-31"),
    ],
)
def test_a_month_ends_on_the_day_of_the_same_number(received: str, due: str, extended: str) -> None:
    request = Request(NUMBER, Right.ACCESS, date.fromisoformat(received))
    assert request.due == date.fromisoformat(due)
    longer = Request(NUMBER, Right.ACCESS, request.received, extended=True)
    assert longer.due == date.fromisoformat(extended)


@given(DAYS, st.booleans())
def test_no_answer_takes_longer_than_the_law_allows(day: date, extended: bool) -> None:  # noqa: FBT001
    request = Request(NUMBER, Right.ERASE, day, extended=extended)
    assert 28 <= (request.due - day).days <= (92 if extended else 31)
    assert not request.is_late(request.due)
    assert request.is_late(request.due + timedelta(days=1))


@given(ACTS)
def test_a_request_is_opened_once_and_closed_once_and_for_ever(acts: list[str]) -> None:
    known = register(entry(name, number) for number, name in enumerate(acts))
    assert bool(known) == (OPEN in acts)
    if known:
        (request,) = known.values()
        after = acts[acts.index(OPEN) :]
        closing = [name for name in after if name in (ANSWER, REFUSE)]
        assert (request.closed is not None) == bool(closing)
        assert bool(request.refused) == (closing[:1] == [REFUSE])


def test_requests_come_in_are_answered_refused_and_extended(tmp_path: Path) -> None:
    house = House.build(tmp_path)
    for number in ("R-1", "R-2", "R-3", "R-4"):
        house.receive(number, Right.ACCESS)
    later = house.office(START + timedelta(days=20))
    requests.answer(later, "R-1")
    requests.refuse(later, "R-2", Refusal.IDENTITY)
    requests.extend(later, "R-3")
    over = house.office(START + timedelta(days=40))
    requests.answer(over, "R-4")
    broken = bookkeeping.examine(over.ledger, [], over.now).broken
    assert broken == ("request R-4 (access) was answered late: due 2026-12-25",)
    known = register(over.ledger.entries())
    assert (known["R-2"].refused, known["R-3"].due) == ("identity", date(2027, 2, 25))
    assert bookkeeping.examine(over.ledger, [], START + timedelta(days=99)).broken[0] == (
        "request R-3 (access) is overdue: due 2027-02-25"
    )


def test_what_makes_no_sense_is_not_entered(tmp_path: Path) -> None:
    house = House.build(tmp_path)
    house.receive()
    office = house.office()
    with pytest.raises(PolicyError, match="one of that number already"):
        house.receive()
    with pytest.raises(SettingsError, match="not come yet"):
        requests.receive(office, Request("R-9", Right.ERASE, START.date() + timedelta(days=1)))
    with pytest.raises(SettingsError, match="no name"):
        requests.receive(office, Request("Jane", Right.ERASE, START.date()))
    with pytest.raises(PolicyError, match="not in the register"):
        requests.answer(office, "R-9")
    with pytest.raises(PolicyError, match="too late to extend"):
        requests.extend(house.office(START + timedelta(days=40)), NUMBER)
    requests.answer(office, NUMBER)
    with pytest.raises(PolicyError, match="closed on 2026-11-25"):
        requests.refuse(office, NUMBER, Refusal.EXCESSIVE)
    assert house.told() == ["requests open", "requests answer"]
