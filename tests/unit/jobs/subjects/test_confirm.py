from datetime import timedelta
from pathlib import Path

import pytest
from support.office import EU, START
from support.town import ALICE, BOB, TABLES, Town

from jobs.subjects.complain import AUTHORITIES, complain
from jobs.subjects.confirm import Confirmed, Searcher, pseudonyms_of
from schemas.regions import Residency
from schemas.requests import Right
from schemas.tables import TELEMETRY

HOUR = timedelta(hours=1)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town.build(tmp_path)
    for table in TABLES:
        made.store(table, ALICE)
    return made


def confirmed(town: Town, device: str) -> Confirmed:
    searcher = Searcher(town.estate(), town.told.roll, town.keys)
    return searcher.confirm(town.case(device, Right.CONFIRM))


def told(town: Town) -> dict[str, object]:
    act = town.house.office().ledger.entries()[-1].act
    return {"name": act.name, "looked_at": act.looked_at, "subject": act.subject}


def test_what_is_stored_of_a_subject_is_counted_by_table_and_the_look_is_told(town: Town) -> None:
    found = confirmed(town, ALICE)
    assert found.rows == {table.name: 3 for table in TABLES}
    assert (found.registered, found.files, found.is_anything) == (1, 3, True)
    assert told(town) == {
        "name": "subject confirm",
        "looked_at": {"devices": 1, "files": 3},
        "subject": found.case.subject.tag,
    }


def test_a_registration_alone_is_something_and_a_stranger_is_nothing(town: Town) -> None:
    assert confirmed(town, BOB).is_anything
    assert not confirmed(town, BOB).rows
    assert not confirmed(town, "robot-of-nobody").is_anything


def test_rows_of_who_had_the_device_before_are_not_the_subjects(town: Town) -> None:
    (name,) = town.names(BOB)
    (destination, *_) = town.estate().tables
    rows = town.rows_at(name, START - 2 * HOUR, START - HOUR, START)
    town.commit(destination, rows, START + timedelta(days=14))
    assert confirmed(town, BOB).rows == {TELEMETRY.name: 3}
    town.told.register(BOB, START - HOUR)
    assert confirmed(town, BOB).rows == {TELEMETRY.name: 2}


def test_copies_that_are_held_are_something_where_nothing_else_is_left(town: Town) -> None:
    town.holds.hold(devices=(tuple(town.names(ALICE)),), tables=TABLES)
    for destination in town.estate().tables:
        town.holds.keeper.keep_files(destination, destination.live())
        destination.drop(destination.live(), reason="expire", now=START)
    assert confirmed(town, ALICE).rows == {"held for H-1": 9}
    assert not confirmed(town, BOB).rows


def test_pseudonyms_are_told_in_the_ledger_before_they_are_shown(town: Town) -> None:
    shown = pseudonyms_of(town.case(ALICE, Right.ACCESS), town.keys)
    before = town.house.told()
    assert {name for _, name in shown} == town.names(ALICE)
    assert town.house.told() == [*before, "subject pseudonym"]


def test_a_complaint_is_entered_and_names_an_authority_the_law_and_the_promise(town: Town) -> None:
    lines = "\n".join(complain(town.case(ALICE, Right.COMPLAIN), town.told.roll))
    assert AUTHORITIES[EU] in lines
    assert "Art. 12(3)" in lines
    assert town.house.told()[-1] == "subject complain"


def test_every_region_has_an_authority() -> None:
    assert set(Residency.shipped().regions.values()) == AUTHORITIES.keys()
