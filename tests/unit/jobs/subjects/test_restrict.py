from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.faults.mortal import Life
from support.lake import PARTITION
from support.office import EU, START
from support.town import ALICE, BOB, TABLES, Town

from jobs.expire import expire
from jobs.sweep import clock_of, sweep
from schemas.errors import SettingsError, StoreUnavailableError
from schemas.retention import FORTNIGHT
from schemas.tables import CLEANING_HISTORY, TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.preserved import FOLDER, preserved_in
from storage.store import ObjectInfo

HOUR = timedelta(hours=1)
SOON = START + 2 * HOUR


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town.build(tmp_path)
    for table in TABLES:
        made.store(table, ALICE, BOB)
    return made


def in_bucket(town: Town, device: str, bucket: int = 0) -> list[str]:
    """Object keys of a bucket that have a device's pseudonym in their decoded bytes."""
    there = {info.key for info in town.stores()[bucket].list()}
    return [key for key in town.traces(device) if key in there]


def test_rows_move_out_of_the_bucket_and_come_back_as_they_were(town: Town) -> None:
    before, of_alice, of_bob = town.everything(), town.seen(ALICE), town.seen(BOB)
    (done,) = town.restrict(ALICE)
    assert (done.is_complete, done.rows) == (True, 9)
    assert in_bucket(town, ALICE) == []
    assert (town.seen(ALICE, aside=True), town.seen(BOB)) == (of_alice, of_bob)
    (done,) = town.lift(ALICE)
    assert (done.is_complete, done.rows) == (True, 9)
    assert in_bucket(town, ALICE, 1) == []
    assert {name: rows.equals(before[name]) for name, rows in town.everything().items()} == {
        table.name: True for table in TABLES
    }


def test_restricting_again_changes_nothing(town: Town) -> None:
    town.restrict(ALICE)
    keys = [info.key for store in town.stores()[1:] for info in store.list()]
    assert town.restrict(ALICE)[0].rows == 0
    assert [info.key for store in town.stores()[1:] for info in store.list()] == keys


def test_it_is_pending_while_something_that_came_before_is_on_its_way(town: Town) -> None:
    town.told.late = (PARTITION,)
    assert not town.restrict(ALICE)[0].is_complete
    town.store(TELEMETRY, ALICE)
    town.told.late = ()
    (done,) = town.restrict(ALICE)
    assert (done.is_complete, done.rows) == (True, 3)
    assert in_bucket(town, ALICE) == []


def test_tiles_in_the_compacted_tier_move_too(town: Town) -> None:
    town.compact()
    before = town.everything()
    town.restrict(ALICE)
    assert in_bucket(town, ALICE) == []
    town.lift(ALICE)
    assert all(rows.equals(before[name]) for name, rows in town.everything().items())


def test_what_was_compacted_between_two_runs_is_put_aside_once(town: Town) -> None:
    wanted = town.seen(ALICE)
    estate = town.estate(Life(5))
    with pytest.raises(StoreUnavailableError):
        town.restrict(ALICE, estate=estate)
    town.store(CLEANING_HISTORY, BOB)
    town.compact()
    town.restrict(ALICE)
    assert town.seen(ALICE, aside=True) == wanted
    assert town.seen(ALICE) == []


def test_restricted_rows_expire_as_they_had_to(town: Town) -> None:
    town.store(TELEMETRY, ALICE, expires=SOON)
    town.restrict(ALICE)
    town.now = SOON
    town.expire()
    assert len(town.seen(ALICE, aside=True)) == 9
    town.now = START + FORTNIGHT
    town.expire()
    assert town.seen(ALICE, aside=True) == []
    assert in_bucket(town, ALICE, 1) == []


def test_preserved_rows_stay_until_the_lifting_and_nobody_else_s_do(town: Town) -> None:
    town.restrict(ALICE, BOB)
    town.restrict(ALICE, preserved=True)
    wanted = town.seen(ALICE, aside=True)
    town.now = START + FORTNIGHT + HOUR
    town.expire()
    assert (town.seen(ALICE, aside=True), town.seen(BOB, aside=True)) == (wanted, [])
    town.lift(ALICE)
    assert town.traces(ALICE) == []
    assert all(preserved_in(town.estate().aside[0].store, table.name) == set() for table in TABLES)


class Overtaken(DirectoryStore):
    """Somebody else does something, once, just before the marks of preserved files are listed."""

    others: list[Callable[[], object]]

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if prefix.startswith(FOLDER) and self.others:
            self.others.pop()()
        return super().list(prefix)


def test_rows_that_are_preserved_while_others_tidy_stay_preserved(town: Town) -> None:
    store = Overtaken(town.folder / "restricted")
    store.others = [lambda: town.restrict(ALICE, preserved=True)]
    aside = tuple(Destination(table, EU, store) for table in TABLES)
    replace(town.estate(), aside=aside).tidy()
    town.now = START + FORTNIGHT + HOUR
    town.expire()
    assert len(town.seen(ALICE, aside=True)) == 9


class Followed(Destination):
    """What is due expires before each commit and behind it."""

    def append(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        expire(self, SOON)
        super().append(*given, **named)
        expire(self, SOON)


def test_expiry_never_sees_rows_before_they_are_preserved(town: Town) -> None:
    town.store(TELEMETRY, ALICE, expires=SOON)
    wanted, store = town.seen(ALICE), DirectoryStore(town.folder / "restricted")
    aside = tuple(Followed(table, EU, store) for table in TABLES)
    town.restrict(ALICE, preserved=True, estate=replace(town.estate(), aside=aside))
    assert town.seen(ALICE, aside=True) == wanted


def test_what_is_due_is_not_put_aside_and_is_copied_before_it_goes_if_it_is_held(
    town: Town,
) -> None:
    town.holds.hold(devices=(tuple(town.names(ALICE)),), tables=TABLES)
    old = set(town.seen(ALICE))
    town.store(TELEMETRY, ALICE, expires=SOON)
    due = set(town.seen(ALICE)) - old
    town.now = SOON
    town.restrict(ALICE)
    assert (set(town.seen(ALICE, aside=True)), town.seen(ALICE)) == (old, [])
    assert town.holds.offsets() == sorted(offset for _, offset in due)


def test_what_is_due_does_not_come_back_and_is_copied_before_it_goes_if_it_is_held(
    town: Town,
) -> None:
    town.holds.hold(devices=(tuple(town.names(ALICE)),), tables=TABLES)
    town.store(TELEMETRY, ALICE, expires=SOON)
    old = set(town.seen(ALICE))
    town.restrict(ALICE, preserved=True)
    town.now = SOON
    town.lift(ALICE)
    back = set(town.seen(ALICE))
    assert len(back) == 9
    assert town.holds.offsets() == sorted(offset for _, offset in old - back)
    assert town.seen(ALICE, aside=True) == []


def test_erased_rows_do_not_come_back(town: Town) -> None:
    town.restrict(ALICE)
    assert town.erase(ALICE)[0].restricted == 1
    (done,) = town.lift(ALICE)
    assert (done.rows, done.erased, town.seen(ALICE)) == (0, 1, [])
    assert town.erase(ALICE)[0].is_complete
    assert town.traces(ALICE) == []


def test_without_a_restricted_bucket_nothing_is_marked(town: Town) -> None:
    estate = replace(town.estate(), aside=())
    with pytest.raises(SettingsError, match="FORTNIGHT_RESTRICTED"):
        town.restrict(ALICE, estate=estate)
    assert town.told.roll.of(ALICE).mark is None


@pytest.mark.parametrize("command", ["restrict", "lift"])
def test_killed_anywhere_and_run_again_each_row_is_in_one_place(
    tmp_path: Path, command: str
) -> None:
    town = Town.build(tmp_path)
    town.store(TELEMETRY, ALICE, BOB)
    wanted = town.seen(ALICE)
    other = {"restrict": "lift", "lift": "restrict"}[command]
    killed = 0
    for steps in range(200):
        for behind in (False, True):
            getattr(town, other)(ALICE)
            estate = town.estate(Life(steps, behind=behind))
            try:
                getattr(town, command)(ALICE, estate=estate)
            except StoreUnavailableError:
                killed += 1
                places = town.seen(ALICE), town.seen(ALICE, aside=True)
                assert sorted({*places[0], *places[1]}) == wanted
            else:
                assert killed > 2 * steps - 2
                return
            getattr(town, command)(ALICE)
            places = town.seen(ALICE), town.seen(ALICE, aside=True)
            assert sorted(places[0] + places[1]) == wanted
            assert in_bucket(town, ALICE, {"restrict": 0, "lift": 1}[command]) == []
    raise AssertionError("it never comes to an end")


def test_what_a_killed_run_left_behind_is_swept(town: Town) -> None:
    estate = town.estate(Life(1))
    with pytest.raises(StoreUnavailableError):
        town.restrict(ALICE, estate=estate)
    later = START + timedelta(days=365)
    assert sum(len(sweep(one, age=HOUR, now=later)) for one in town.estate().places) > 0
    town.restrict(ALICE)
    assert len(town.seen(ALICE, aside=True)) == 9


def test_bytes_that_a_killed_run_took_out_of_the_table_do_not_wait_for_queries(
    tmp_path: Path,
) -> None:
    town = Town.build(tmp_path)
    town.store(TELEMETRY, ALICE)
    with pytest.raises(StoreUnavailableError):
        town.restrict(ALICE, estate=town.estate(Life(4)))
    (table, *_) = town.estate().tables
    (left,) = sweep(table, age=timedelta(days=1), now=clock_of(table.store))
    assert left.why == "left behind by restrict"
    assert in_bucket(town, ALICE) == []
