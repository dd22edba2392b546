"""Holds from end to end: two persons, the ledger, marks, rotation, expiry, and release."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.faults.mortal import Life, MortalStore
from support.holding import Bucket
from support.lake import Writer
from support.office import ALICE, BOB, EU, NUMBER, PASS, START, House

from jobs.expire import expire
from jobs.holds.keeping import Keeper
from jobs.holds.listing import Copies, Shelf, examine, left_behind, states
from jobs.holds.naming import names_of, needed
from jobs.holds.placing import Cabinet, Outcome, Wanted, extend, place, release
from jobs.holds.tidying import tidy
from jobs.keys import rotation
from jobs.office import Office, bookkeeping
from jobs.office.requests import receive
from jobs.subjects.marks import Change
from jobs.subjects.roll import Listed, Roll
from schemas.acts import Ground
from schemas.approvals import approval_of, proposals
from schemas.errors import IntegrityError, PolicyError, RetryableError, SettingsError
from schemas.marks import Mark
from schemas.requests import Request, Right
from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.holds import copy_folders, drop_sign, put_record, put_sign, read_record, signs_in
from storage.ledger import Ledger

NAME = "H-2026-3"
DEVICE, OTHER = "Serial-1", "Serial-2"
HOUR = timedelta(hours=1)
DUE = START + HOUR


@dataclass(slots=True)
class Desk:
    """Officers of a house, its hold bucket, and what is marked."""

    house: House
    bucket: Bucket
    writer: Writer
    marks: dict[str, Mark] = field(default_factory=dict)

    @property
    def cabinet(self) -> Cabinet:
        return Cabinet(self.bucket.store, self.house.destination.store, PASS, self.put_marks)

    @property
    def signs(self) -> set[str]:
        return signs_in(self.house.destination.store)

    @property
    def roll(self) -> Roll:
        return Roll(
            {name.casefold(): Listed(name, mark=mark) for name, mark in self.marks.items()}, 0
        )

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.bucket.store, lambda hold: PASS.unwrap(hold.wrapped, hold.label))

    def put_marks(self, devices: Collection[str], change: Change) -> int:
        """As `jobs.subjects.marks` does it in Kafka."""
        for device in devices:
            self.marks[device] = change(self.marks.get(device, Mark(device=device)))
        return 1

    def wanted(self, **given: object) -> Wanted:
        what: dict[str, object] = {
            "name": NAME,
            "ground": "dispute",
            "review": date(2026, 12, 25),
            "tables": ("telemetry",),
            "tag": self.house.key.tag("device", DEVICE),
            "devices": (DEVICE,),
        }
        return Wanted(**what | given)  # type: ignore[arg-type]  # the test knows their types

    def place(self, **given: object) -> Outcome:
        office, keyring = self.house.office(), self.house.keys()
        wanted = self.wanted(**given)
        return place(office, wanted, NUMBER, cabinet=self.cabinet, keyring=keyring)

    def release(self, name: str = NAME) -> Outcome:
        office, roll = self.house.office(), self.roll
        return release(office, name, NUMBER, cabinet=self.cabinet, roll=roll, why=Ground.ORDER)

    def extend(self, review: date | None = None) -> None:
        office, keyring = self.house.office(), self.house.keys()
        extend(office, NAME, self.roll, cabinet=self.cabinet, keyring=keyring, review=review)

    def approve(self) -> None:
        office = self.house.office(caller=BOB)
        (waiting,) = proposals(office.ledger.entries()).values()
        office.record(approval_of(waiting, BOB, START))

    def hold(self, **given: object) -> None:
        """Place it, both persons."""
        assert self.place(**given).recorded is None
        self.approve()
        assert self.place(**given).recorded is not None

    def end(self) -> None:
        """Release it, both persons."""
        assert self.release().recorded is None
        self.approve()
        assert self.release().recorded is not None

    def rotate(self) -> None:
        rotation.rotate(self.house.office(), self.house.keyring, PASS, Ground.SCHEDULE)

    def name(self, device: str = DEVICE) -> str:
        """A device's pseudonym under the current version."""
        return names_of([device], [self.house.keys().current(EU)])[0][0]

    def store(self, *devices: str) -> None:
        """Rows that are due an hour after the beginning."""
        names = [self.name(one) for one in devices]
        self.writer.commit(self.writer.put(DUE, rows=len(names), device=names))

    def expire(self) -> int:
        report = expire(self.house.destination, DUE, self.keeper.keep_files)
        assert self.house.destination.live() == []
        return report.held

    def listed(self, days: int = 0) -> list[tuple[str, str, bool]]:
        """Name, state, and whether something is wrong."""
        shelf = Shelf.look(self.bucket.store)
        entries = self.house.office().ledger.entries()
        now = START + timedelta(days=days)
        return [(one.name, one.state, bool(one.wrong)) for one in states(entries, shelf, now)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    house = House.build(tmp_path)
    house.receive()
    return Desk(house, Bucket.build(tmp_path / "holds"), Writer(house.destination))


def test_two_persons_place_a_hold_and_its_rows_are_kept_until_two_persons_release_it(
    desk: Desk,
) -> None:
    desk.place()
    assert (desk.listed(), desk.marks) == ([(NAME, "to be placed: proposed", False)], {})
    assert desk.place().recorded is None  # asking again proposes it once
    desk.approve()
    assert desk.place().recorded
    assert desk.listed() == [(NAME, "lasts", False)]
    assert desk.marks[DEVICE].holds == (f"eu.{NAME}",)
    desk.store(DEVICE, OTHER, DEVICE)
    assert desk.expire() == 2
    assert examine(desk.bucket.store, NAME).rows == 2
    desk.release()
    assert desk.listed() == [(NAME, "its release: proposed", False)]
    desk.approve()
    desk.release()
    assert (desk.listed(), desk.marks[DEVICE].holds) == ([], ())
    assert [*desk.bucket.store.list()] == []
    first, second = ("propose", "approve", "hold place"), ("propose", "approve", "hold release")
    assert desk.house.told()[1:] == [*first, *second]
    assert bookkeeping.examine(desk.house.office().ledger, (), START).broken == ()


def test_a_sign_in_the_bucket_of_rows_shows_a_hold_as_long_as_it_lasts(desk: Desk) -> None:
    desk.hold()
    assert desk.signs == {NAME}
    drop_sign(desk.cabinet.rows, NAME)  # as of a hold that is older than signs are
    desk.extend()
    assert desk.signs == {NAME}
    desk.end()
    assert desk.signs == set()


def test_a_sign_that_was_left_over_is_tidied_and_no_lasting_holds_is(desk: Desk) -> None:
    desk.hold()
    put_sign(desk.cabinet.rows, "H-9")
    assert [*tidy(desk.house.office(), desk.bucket.store, desk.cabinet.rows)] == []
    assert desk.signs == {NAME}


def test_after_the_release_what_was_due_happens(desk: Desk) -> None:
    desk.hold()
    desk.end()
    desk.store(DEVICE)
    assert desk.expire() == 0
    assert [*desk.bucket.store.list()] == []


def test_what_is_copied_while_its_hold_is_released_is_found_and_no_lasting_holds_copies_are(
    desk: Desk,
) -> None:
    desk.hold()
    desk.store(DEVICE)
    first = desk.keeper.before(desk.house.destination)
    rows = desk.house.destination.dataset().to_table(TELEMETRY.schema.names)
    desk.end()
    first(desk.house.destination.live()[0].path, rows)
    assert desk.listed() == [(NAME, "released", True)]
    desk.hold()
    entries = desk.house.office().ledger.entries()
    assert left_behind(entries, Shelf.look(desk.bucket.store)) == []
    assert left_behind(entries, Shelf(copied=[NAME, "H-2"])) == ["H-2"]


def test_the_ledger_and_the_copies_name_nobody(desk: Desk) -> None:
    desk.hold()
    desk.store(DEVICE)
    desk.expire()
    entries = [path.read_bytes() for path in (desk.house.folder / "eu/_ledger").iterdir()]
    copies = [path.read_bytes() for path in (desk.house.folder / "holds" / NAME).rglob("*.*")]
    for data in entries + copies:
        assert DEVICE.encode() not in data
        assert desk.name()[3:].encode() not in data
    assert len(copies) == 2
    assert desk.name() not in repr(read_record(desk.bucket.store, NAME))


def test_a_hold_takes_an_order_a_number_a_device_and_a_free_name(desk: Desk) -> None:
    with pytest.raises(SettingsError, match="no person's"):
        desk.wanted(name="Jane Doe")
    with pytest.raises(SettingsError, match="before --until"):
        desk.wanted(since=START, until=START)
    with pytest.raises(PolicyError, match="no device is meant"):
        desk.place(devices=())
    with pytest.raises(PolicyError, match="there is none"):
        desk.release()
    receive(desk.house.office(), Request("R-2", Right.ACCESS, START.date()))
    office, keyring = desk.house.office(), desk.house.keys()
    with pytest.raises(PolicyError, match="for an order only"):
        place(office, desk.wanted(), "R-2", cabinet=desk.cabinet, keyring=keyring)
    desk.hold()
    with pytest.raises(PolicyError, match="it lasts"):
        desk.place()
    assert [*desk.bucket.store.list(f"{NAME}/")] == []


def test_what_is_approved_is_what_is_placed(desk: Desk) -> None:
    desk.place()
    desk.approve()
    assert desk.place(tables=("telemetry", "map_tiles")).recorded is None
    assert read_record(desk.bucket.store, NAME) is None


def test_a_hold_that_nobody_approved_is_found(desk: Desk) -> None:
    office = desk.house.office()
    act = desk.wanted().act(office, NUMBER)
    office.record(replace(act, concerns=act.digest(EU), approver=BOB))
    (found,) = bookkeeping.examine(office.ledger, (), START).broken
    assert found == "entry 1: hold place: no second person approved this act"


def test_a_review_that_is_overdue_is_told_until_another_day_is_set(desk: Desk) -> None:
    desk.hold(review=date(2026, 12, 1))
    assert desk.listed(days=6) == [(NAME, "lasts", False)]
    assert desk.listed(days=7) == [(NAME, "lasts", True)]
    desk.extend(review=date(2027, 1, 1))
    assert desk.listed(days=7) == [(NAME, "lasts", False)]


class RacedStore(DirectoryStore):
    """A bucket in which somebody is faster, whenever something is put."""

    def __init__(self, root: Path, first: Callable[[], None]) -> None:
        super().__init__(root)
        self._first = first

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        self._first()
        return super().put(key, data, only_if_absent=only_if_absent)


@pytest.mark.parametrize("raced", ["store", "rows"])
def test_a_hold_that_is_released_while_it_is_extended_leaves_nothing(
    desk: Desk, raced: str
) -> None:
    desk.hold()
    faster = RacedStore(Path(getattr(desk.cabinet, raced).url), desk.end)
    cabinet = replace(desk.cabinet, **{raced: faster})  # type: ignore[arg-type]  # a store's name
    office, keyring = desk.house.office(), desk.house.keys()
    with pytest.raises(PolicyError, match="none of that name that lasts"):
        extend(office, NAME, desk.roll, cabinet=cabinet, keyring=keyring)
    assert (read_record(desk.bucket.store, NAME), desk.signs) == (None, set())
    assert "hold extend" not in desk.house.told()


def test_a_record_that_is_put_while_its_hold_is_released_goes_with_it(desk: Desk) -> None:
    desk.hold()
    record = read_record(desk.bucket.store, NAME)
    assert record is not None
    desk.release()
    desk.approve()

    def put_marks(devices: Collection[str], change: Change) -> int:
        put_record(desk.bucket.store, record)
        return desk.put_marks(devices, change)

    cabinet, office = replace(desk.cabinet, put_marks=put_marks), desk.house.office()
    release(office, NAME, NUMBER, cabinet=cabinet, roll=desk.roll, why=Ground.ORDER)
    assert read_record(desk.bucket.store, NAME) is None


def test_no_version_is_put_to_use_under_which_a_hold_does_not_know_its_rows(desk: Desk) -> None:
    desk.hold()
    with pytest.raises(PolicyError, match="H-2026-3: does not know its rows under k2"):
        desk.rotate()
    rotation.add(desk.house.office(), desk.house.keyring, PASS, Ground.SCHEDULE)
    with pytest.raises(PolicyError, match="does not know its rows under k2"):
        desk.rotate()
    assert desk.house.keys().current(EU).version == 1
    desk.store(DEVICE, OTHER)
    desk.extend()
    desk.rotate()
    desk.store(DEVICE, DEVICE)
    assert desk.name().startswith("k2:")
    assert desk.expire() == 3
    (folder,) = copy_folders(desk.bucket.store, NAME)
    rows = [folder.rows(manifest) for manifest in folder.manifests()]
    assert len({name for table in rows for name in table["device"].to_pylist()}) == 1


def test_versions_whose_rows_are_gone_are_not_named_so_that_no_hold_outlives_them(
    desk: Desk,
) -> None:
    desk.rotate()
    keyring = desk.house.keys()
    assert [key.version for key in needed(keyring, EU, START + FORTNIGHT)] == [1, 2]
    later = START + FORTNIGHT + timedelta(days=1)
    assert [key.version for key in needed(keyring, EU, later)] == [2]


def test_a_hold_whose_device_lost_its_mark_is_not_extended(desk: Desk) -> None:
    desk.hold(devices=(DEVICE, OTHER))
    del desk.marks[OTHER]
    with pytest.raises(IntegrityError, match="mark of a device"):
        desk.extend()


def mortal(desk: Desk, life: Life) -> tuple[Office, Cabinet]:
    """An officer at a machine that stops somewhere."""
    folder, public = desk.house.folder, desk.house.key.signing.public_key()
    store, anchors = (MortalStore(folder / name, life) for name in ("eu", "anchors"))
    office = Office(Ledger(EU, store, anchors, public), desk.house.key, ALICE, START)

    def put_marks(devices: Collection[str], change: Change) -> int:
        life.step()
        return desk.put_marks(devices, change)

    bucket = MortalStore(folder / "holds", life)
    return office, Cabinet(bucket, store, PASS, put_marks)


@pytest.mark.parametrize("steps", range(7))
def test_placing_that_was_killed_anywhere_is_finished_by_the_same_call(
    desk: Desk,
    steps: int,
) -> None:
    desk.store(DEVICE)
    desk.place()
    desk.approve()
    office, cabinet = mortal(desk, Life(steps, behind=True))
    with suppress(RetryableError):
        place(office, desk.wanted(), NUMBER, cabinet=cabinet, keyring=desk.house.keys())
    first = read_record(desk.bucket.store, NAME)
    kept = desk.expire()
    assert kept == (1 if first else 0)
    if desk.listed() != [(NAME, "lasts", False)]:
        assert desk.listed()[0][1] == ("half-way" if first else "to be placed: approved")
        assert desk.place().recorded
    assert desk.listed() == [(NAME, "lasts", False)]
    assert desk.house.told().count("hold place") == 1
    assert examine(desk.bucket.store, NAME) == Copies(kept, ())


@pytest.mark.parametrize("steps", range(10))
def test_releasing_that_was_killed_anywhere_is_finished_by_the_same_call(
    desk: Desk,
    steps: int,
) -> None:
    desk.hold()
    desk.store(DEVICE)
    assert desk.expire() == 1
    desk.release()
    desk.approve()
    office, cabinet = mortal(desk, Life(steps, behind=True))
    with suppress(RetryableError):
        release(office, NAME, NUMBER, cabinet=cabinet, roll=desk.roll, why=Ground.ORDER)
    if desk.listed():
        assert desk.release().recorded
    assert desk.listed() == []
    assert desk.house.told().count("hold release") == 1
    assert (desk.marks[DEVICE].holds, [*desk.bucket.store.list()], desk.signs) == ((), [], set())
