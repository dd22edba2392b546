from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.office import START, House
from support.policies import parsed, with_clause

from jobs.incident import acts as incident
from schemas.errors import PolicyError, SettingsError
from schemas.incidents import WITHIN, Incident, Told, incidents
from schemas.policies import Policies

NUMBER = "I-2026-3"
HOUR = timedelta(hours=1)
DUE = START + WITHIN


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House.build(tmp_path)
    incident.open_(made.office(START + HOUR), NUMBER, START)
    return made


def known(house: House) -> Incident:
    return incidents(house.office().ledger.entries())[NUMBER]


def test_the_clock_runs_from_when_somebody_knew_and_not_from_the_entry(house: House) -> None:
    assert known(house).due == START + timedelta(hours=72)
    assert not known(house).is_late(DUE)
    assert known(house).is_late(DUE + HOUR)


def test_the_authority_that_was_told_in_time_stops_the_clock(house: House) -> None:
    incident.tell(house.office(DUE), NUMBER, Told.AUTHORITY)
    assert not known(house).is_late(DUE + 100 * HOUR)
    incident.tell(house.office(DUE + HOUR), NUMBER, Told.AUTHORITY)  # once more, with more news
    assert known(house).told == {Told.AUTHORITY: DUE}


def test_told_too_late_stays_late_also_when_it_is_closed(house: House) -> None:
    incident.tell(house.office(START + HOUR), NUMBER, Told.SUBJECTS)
    incident.tell(house.office(DUE + HOUR), NUMBER, Told.AUTHORITY)
    incident.close(house.office(DUE + HOUR), NUMBER)
    assert known(house).is_late(DUE)
    assert known(house).closed == DUE + HOUR
    assert house.told() == ["incident open", "incident tell", "incident tell", "incident close"]


def test_it_is_not_closed_while_the_authority_does_not_know(house: House) -> None:
    incident.tell(house.office(START + HOUR), NUMBER, Told.SUBJECTS)
    with pytest.raises(PolicyError, match="the authority was not told"):
        incident.close(house.office(START + HOUR), NUMBER)


@pytest.mark.parametrize(("decided", "is_late"), [(DUE, False), (DUE + HOUR, True)])
def test_what_is_harmless_is_decided_within_the_same_time(
    house: House,
    decided: datetime,
    is_late: bool,  # noqa: FBT001
) -> None:
    incident.close(house.office(decided), NUMBER, is_harmless=True)
    assert known(house).is_late(DUE + 100 * HOUR) is is_late


def test_a_number_serves_once_and_what_is_closed_stays_closed(house: House) -> None:
    with pytest.raises(PolicyError, match="already"):
        incident.open_(house.office(START + HOUR), NUMBER, START)
    incident.close(house.office(START + HOUR), NUMBER, is_harmless=True)
    with pytest.raises(PolicyError, match="closed on 2026-11-25"):
        incident.tell(house.office(START + HOUR), NUMBER, Told.AUTHORITY)
    with pytest.raises(PolicyError, match="not known"):
        incident.tell(house.office(START), "I-2026-4", Told.AUTHORITY)


def test_it_has_a_number_and_no_name_and_does_not_come_from_the_future(house: House) -> None:
    with pytest.raises(SettingsError, match="no name"):
        incident.open_(house.office(), "Jane Doe", START)
    with pytest.raises(SettingsError, match="not come yet"):
        incident.open_(house.office(), "I-2026-4", START + HOUR)


def test_a_makers_shorter_promise_counts() -> None:
    shipped = Policies.shipped()
    assert incident.within(shipped) == timedelta(hours=72)
    sooner = with_clause("incident", 'told = ["authority"]', 'within = "PT24H"')
    assert incident.within(shipped.with_(parsed(sooner))) == timedelta(hours=24)
