from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from support.faults.mortal import Life
from support.lake import PARTITION
from support.office import START
from support.town import ALICE, BOB, RAW_FOR, TABLES, Told, Town

from jobs.subjects.case import Case
from jobs.subjects.changes import Registered
from jobs.subjects.erase import Erased
from schemas.errors import PolicyError, StoreUnavailableError
from schemas.lineage import Partition
from schemas.marks import Mark
from schemas.privacy import canonical
from schemas.requests import Right
from schemas.retention import microseconds
from schemas.tables import MAP_TILES, TELEMETRY
from storage.lake import Destination
from storage.layout import object_key
from storage.links import LinkPath, links_in, put_link
from storage.watches import expire_watches, read_watches, watches_in

if TYPE_CHECKING:
    from jobs.kafka import Cluster

HOUR = timedelta(hours=1)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town.build(tmp_path)
    for table in TABLES:
        made.store(table, ALICE, BOB)
        made.store(table, BOB)
    return made


def states(town: Town) -> list[str]:
    entries = town.house.office().ledger.entries()
    return [one.act.scope["state"] for one in entries if one.act.name == "subject erase"]


def test_nothing_of_the_subject_is_left_in_any_decoded_byte_and_others_lose_nothing(
    town: Town,
) -> None:
    before, of_bob = town.everything(), town.seen(BOB)
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.rows, done.files) == (True, 9, 6)
    assert town.traces(ALICE) == []
    assert town.seen(BOB) == of_bob
    for name, rows in town.everything().items():
        keep = [device not in town.names(ALICE) for device in before[name]["device"].to_pylist()]
        assert rows.equals(before[name].filter(keep))


def test_erasing_again_changes_nothing_but_is_told(town: Town) -> None:
    town.erase(ALICE)
    rows, mark = town.everything(), town.told.roll.of(ALICE).mark
    town.now += 5 * HOUR
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.rows) == (True, 0)
    assert town.everything() == rows
    assert town.told.roll.of(ALICE).mark == mark
    assert states(town) == ["begun", "complete", "complete"]


def test_it_is_pending_while_something_that_came_before_is_on_its_way(town: Town) -> None:
    town.told.late = (PARTITION,)
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.rows, done.waiting) == (False, 9, (PARTITION,))
    town.store(TELEMETRY, ALICE)
    town.told.late = ()
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.rows) == (True, 3)
    assert town.traces(ALICE) == []
    assert states(town) == ["begun", "pending", "complete"]


def test_many_subjects_cost_one_pass_and_each_is_told_its_own_rows(town: Town) -> None:
    version = town.house.destination.version()
    done = town.erase(ALICE, BOB)
    assert [(one.rows, one.is_complete) for one in done] == [(9, True), (18, True)]
    assert town.house.destination.version() == version + 1
    assert town.traces(ALICE) == town.traces(BOB) == []


def test_an_orphan_of_the_subject_is_gone_when_it_is_complete(town: Town) -> None:
    (destination, *_) = town.estate().tables
    file = destination.live()[0]
    data = destination.store.get(object_key("telemetry", file.path))
    destination.store.put(object_key("telemetry", file.path.beside()), data)
    town.told.late = (PARTITION,)
    town.erase(ALICE)
    assert len(town.traces(ALICE)) == 1  # it may be a worker's, that is about to commit it
    town.told.late = ()
    assert town.erase(ALICE)[0].is_complete
    assert town.traces(ALICE) == []


def test_links_between_versions_of_a_key_go_with_it(town: Town) -> None:
    store = town.estate().store
    (name, *_) = town.names(ALICE)
    put_link(store, LinkPath(START + HOUR, 1, 2), {name: "k2:0"})
    town.erase(ALICE)
    assert links_in(store) == []


def test_rows_of_who_bound_the_device_after_it_stay(town: Town) -> None:
    town.told.late = (PARTITION,)
    town.erase(ALICE)
    town.now += 10 * HOUR
    town.told.register(ALICE, START + 5 * HOUR)
    (name, *_) = town.names(ALICE)
    (destination, *_) = town.estate().tables
    rows = town.rows_at(name, START + HOUR, START + 6 * HOUR)
    town.commit(destination, rows, START + timedelta(days=14))
    town.told.late = ()
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.rows) == (True, 1)
    assert len(town.seen(ALICE)) == 1


def test_restricted_rows_wait_until_the_restriction_is_lifted(town: Town) -> None:
    def restrict(mark: Mark) -> Mark:
        return msgspec.structs.replace(mark, restricted=True)

    town.told.mark([ALICE], restrict)
    before = town.seen(ALICE)
    one, other = town.erase(ALICE, BOB)
    assert (one.is_complete, one.restricted, one.rows) == (False, 1, 0)
    assert other.is_complete
    assert town.seen(ALICE) == before
    assert town.told.devices[canonical(ALICE)].mark == Mark(
        device=ALICE, restricted=True, erased=microseconds(START)
    )


def test_whose_rows_are_put_aside_while_they_are_looked_for_is_pending(town: Town) -> None:
    told = town.told

    class Overtaken(Told):
        def waiting(
            self, destinations: Sequence[Destination], since: datetime
        ) -> tuple[Partition, ...]:
            town.told = told
            town.restrict(ALICE)
            return told.waiting(destinations, since)

    town.told = Overtaken(told.devices)
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.restricted) == (False, 1)
    assert states(town) == ["begun", "pending"]


def with_devices(town: Town, right: Right, *devices: str) -> Case:
    case = town.case(ALICE, right)
    return replace(case, subject=replace(case.subject, devices=devices))


def pending_with(town: Town, *devices: str) -> None:
    """A case of Alice's that was at work, when she had these devices."""
    town.told.late = (PARTITION,)
    case, entries = with_devices(town, Right.ERASE, *devices), town.house.office().ledger.entries()
    town.eraser().erase([case], entries)
    town.told.late = ()


@pytest.mark.parametrize("left", [(ALICE,), ()])
def test_of_a_device_that_changed_hands_what_was_the_subjects_goes_and_the_rest_stays(
    town: Town, left: tuple[str, ...]
) -> None:
    pending_with(town, *left, BOB)
    town.now += 10 * HOUR
    town.told.register(BOB, START + 5 * HOUR)
    (name, *_) = town.names(BOB)
    (destination, *_) = town.estate().tables
    rows = town.rows_at(name, START + HOUR, START + 6 * HOUR)
    town.commit(destination, rows, START + timedelta(days=14))
    case, entries = with_devices(town, Right.ERASE, *left), town.house.office().ledger.entries
    (done,) = town.eraser().erase([case], entries())
    assert (done.is_complete, done.rows, done.former, done.lost) == (True, 1, 1, 0)
    assert len(town.seen(BOB)) == 1
    looked_at = entries()[-1].act.looked_at
    assert (looked_at["devices"], looked_at["former"]) == (len(left) + 1, 1)


def test_a_cancelled_account_that_nobody_knows_any_more_is_erased_to_the_end(town: Town) -> None:
    nobody = with_devices(town, Right.CANCEL)
    nowhere = cast("Cluster", None)  # not asked: there is nothing to publish
    with pytest.raises(PolicyError, match="no device of its subject is known here"):
        list(Registered([nobody], nowhere, town.told.roll).cancel())
    town.told.late = (PARTITION,)
    case, entries = with_devices(town, Right.CANCEL, BOB), town.house.office().ledger.entries
    town.eraser().erase([case], entries())
    (said,) = Registered([nobody], nowhere, town.told.roll).cancel()
    assert "0 of 0 devices are registered" in said
    town.told.late = ()
    (done,) = town.eraser().erase([nobody], entries())
    assert (done.is_complete, done.former) == (True, 1)
    assert town.traces(BOB) == []


def test_a_subject_that_lost_a_device_that_nobody_can_name_is_pending(town: Town) -> None:
    pending_with(town, ALICE, BOB)
    expire_watches(town.estate().store, START + timedelta(days=5))
    (done,) = town.erase(ALICE)
    assert (done.is_complete, done.lost) == (False, 1)
    case, entries = with_devices(town, Right.ERASE, ALICE, BOB), town.house.office().ledger.entries
    town.eraser().erase([case], entries())
    (done,) = town.erase(ALICE)  # what was complete may lose a device
    assert (done.is_complete, done.lost) == (True, 0)


@pytest.mark.parametrize("command", ["erase", "restrict", "lift"])
def test_a_subject_of_which_no_device_is_known_is_not_told_that_anything_was_done(
    town: Town, command: str
) -> None:
    work: dict[str, Callable[[Case], object]] = {
        "erase": lambda case: town.eraser().erase([case], []),
        "restrict": lambda case: town.restricter().restrict([case]),
        "lift": lambda case: town.restricter().lift([case]),
    }
    case = with_devices(town, Right.ERASE if command == "erase" else Right.RESTRICT)
    told = town.house.told()
    with pytest.raises(PolicyError, match="no device of its subject is known here"):
        work[command](case)
    assert town.house.told() == told


def test_held_rows_are_copied_before_they_are_erased(town: Town) -> None:
    town.holds.hold(devices=(tuple(town.names(ALICE)),), tables=TABLES)
    wanted = [offset for _, offset in town.seen(ALICE)]
    assert town.erase(ALICE)[0].is_complete
    assert town.seen(ALICE) == []
    assert town.holds.offsets() == sorted(wanted)


def test_a_watch_entry_lets_officers_look_whether_it_stayed_erased_until_kafka_has_nothing(
    town: Town,
) -> None:
    town.erase(ALICE)
    store, key = town.estate().store, town.house.key.watching
    (watch,) = read_watches(store, key)
    assert (watch.pseudonyms, watch.up_to) == (tuple(sorted(town.names(ALICE))), START)
    (path,) = watches_in(store)
    assert START + RAW_FOR < path.expires <= START + RAW_FOR + HOUR
    assert expire_watches(store, path.expires - HOUR) == 0
    assert expire_watches(store, path.expires) == 1
    assert [*read_watches(store, key)] == []


def test_nothing_that_is_said_of_a_case_shows_a_name(town: Town) -> None:
    (done,) = town.erase(ALICE)
    said = repr((done, town.eraser()))
    assert isinstance(done, Erased)
    assert ALICE not in said
    assert all(name not in said for name in town.names(ALICE))
    told = b"".join(
        info.key.encode() + town.estate().store.get(info.key)
        for info in town.estate().store.list("_")
    )
    assert ALICE.encode() not in told
    assert all(name.encode() not in told for name in town.names(ALICE))


def test_tiles_in_the_compacted_tier_are_erased_too(town: Town) -> None:
    town.compact()
    tiles = town.everything()[MAP_TILES.name]
    keep = [device not in town.names(ALICE) for device in tiles["device"].to_pylist()]
    assert town.erase(ALICE)[0].is_complete
    assert town.everything()[MAP_TILES.name].equals(tiles.filter(keep))
    assert town.traces(ALICE) == []


def test_killed_anywhere_and_run_again_it_is_complete_and_others_lose_nothing(
    tmp_path: Path,
) -> None:
    town = Town.build(tmp_path)
    town.store(TELEMETRY, BOB)
    for number in range(50):
        device = f"robot-{number}"
        town.told.register(device)
        town.store(TELEMETRY, device, BOB)
        of_bob = town.seen(BOB)
        try:
            town.erase(device, life=Life(number // 2, behind=number % 2 == 1))
        except StoreUnavailableError:
            assert town.seen(BOB) == of_bob
            assert town.erase(device)[0].is_complete
        else:
            assert number >= 18  # before and behind each of nine steps, ledger and mark included
            break
        assert (town.traces(device), town.seen(BOB)) == ([], of_bob)
    else:
        raise AssertionError("it never comes to an end")


def test_killed_anywhere_rows_of_who_binds_the_device_then_stay(tmp_path: Path) -> None:
    town, bound = Town.build(tmp_path), 0
    for number in range(12):
        device = f"robot-{number}"
        town.told.register(device)
        town.store(TELEMETRY, device)
        with pytest.raises(StoreUnavailableError):
            town.erase(device, life=Life(number // 2, behind=number % 2 == 1))
        if town.told.roll.of(device).mark is None:
            continue
        bound += 1
        town.now += HOUR
        town.told.register(device, town.now)
        (destination, *_), (name, *_) = town.estate().tables, town.names(device)
        rows = town.rows_at(name, town.now + HOUR)
        town.commit(destination, rows, START + timedelta(days=14))
        town.now += 2 * HOUR
        assert town.erase(device)[0].is_complete
        assert len(town.seen(device)) == 1
    assert bound > 2
