from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.faults.mortal import Life, MortalStore
from support.holding import HELD, Bucket
from support.lake import Writer, empty
from support.office import NUMBER, START, House
from support.rows import NOW, pseudonym

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.holds.keeping import Keeper
from jobs.office.requests import receive
from jobs.rewriting import Selection, move
from jobs.rewriting.written import is_there
from jobs.subjects.case import Case
from jobs.subjects.cleanings import COLUMNS, Cleanings, Correction
from jobs.subjects.subject import Subject
from schemas.errors import PolicyError, RetryableError, SettingsError
from schemas.policies import Policies
from schemas.requests import Request, Right, register
from schemas.tables import CLEANING_HISTORY, TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.parquet import decode
from storage.preserved import preserve

MINE, OTHER = HELD, pseudonym(2)
SESSION = pseudonym(7)
WRONG, RIGHT = 4711, 1200
LATER = NOW + timedelta(hours=20)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    house = House.build(tmp_path)
    receive(house.office(), Request(NUMBER, Right.CORRECT, START.date(), "tag"))
    requests = register(house.office().ledger.entries())
    who = Subject("tag", ("Serial-1",))
    return Case.open(house.office(), requests, NUMBER, subject=who, rights=(Right.CORRECT,))


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    """A cleaning with a wrong area among others, in one file of two."""
    made = Writer(empty(tmp_path / "lake", CLEANING_HISTORY))
    columns: dict[str, Any] = {
        "device": [MINE, MINE, OTHER],
        "session": [SESSION, pseudonym(8), SESSION],
        "vendor": ["360-robot-vacuum"] * 3,
        "area": [WRONG, 5, 6],
        "mode": ["all"] * 3,
        "started": [NOW] * 3,
        "event_time": [NOW + timedelta(minutes=9)] * 3,
    }
    made.commit(made.put(LATER, **columns), made.put(LATER, device=[OTHER] * 3))
    return made


def correct(
    case: Case,
    destination: Destination,
    *settings: str,
    session: str = SESSION,
    names: Sequence[str] = (MINE,),
    keeper: Keeper | None = None,
) -> str:
    wanted = Correction.parse(session, settings or (f"area={RIGHT}",))
    places = [destination, Destination(TELEMETRY, destination.region, destination.store)]
    at = Cleanings(places, keeper, lambda: NOW)
    return at.correct(case, names, wanted, Policies.shipped())


def values(destination: Destination, name: str = "area") -> dict[int, Any]:
    """By offset, of what the table has."""
    rows = destination.dataset().to_table(["offset", name]).to_pylist()
    return {row["offset"]: row[name] for row in rows}


def stored(destination: Destination) -> set[int]:
    """Every area in any file that lies there, named by the log or not."""
    files = destination.store.list(f"{destination.table.name}/date=")
    return {
        area
        for info in files
        for area in decode(destination.store.get(info.key), ["area"])["area"].to_pylist()
    }


def test_a_wrong_value_is_put_right_and_is_in_no_file_any_more(case: Case, writer: Writer) -> None:
    before = values(writer.destination)
    assert WRONG in stored(writer.destination)
    assert "1 of 1 rows" in correct(case, writer.destination)
    assert values(writer.destination) == before | {0: RIGHT}
    assert WRONG not in stored(writer.destination)
    assert "0 of 1 rows" in correct(case, writer.destination)
    told = case.office.ledger.entries()[-1].act
    assert told.scope == {"table": "cleaning_history", "fields": "area"}
    assert (told.name, told.changed["rows"]) == ("subject correct", 0)
    assert str(RIGHT) not in repr(told)


def test_every_column_that_a_robot_measured_can_be_put_right_and_no_other(
    case: Case, writer: Writer
) -> None:
    started = NOW + timedelta(minutes=1)
    correct(case, writer.destination, "mode=spot", f"started={started:%Y-%m-%dT%H:%M}", "segments=")
    for name, value in (("mode", "spot"), ("started", started), ("segments", None)):
        assert values(writer.destination, name)[0] == value
    assert {"mode", "started", "segments"} < {*COLUMNS}
    for bad in ("vendor=x", "event_time=2026-11-21", "device=x", "area=", "area=much", "mode=fast"):
        with pytest.raises(SettingsError) as refused:
            Correction.parse(SESSION, [bad])
        assert "much" not in str(refused.value)


def test_what_breaks_a_rule_or_a_policy_or_is_another_ones_changes_nothing(
    case: Case, writer: Writer
) -> None:
    before = writer.destination.version()
    with pytest.raises(PolicyError, match="ended before it started"):
        correct(case, writer.destination, "started=2026-11-22")
    with pytest.raises(PolicyError, match="battery_end is not collected by the policy of 360"):
        correct(case, writer.destination, "battery_end=5")
    with pytest.raises(PolicyError, match="no such cleaning"):
        correct(case, writer.destination, session=pseudonym(9))
    with pytest.raises(PolicyError, match="no such cleaning"):
        correct(case, writer.destination, names=[pseudonym(9)])
    assert writer.destination.version() == before
    assert case.office.ledger.entries()[-1].act.name == "requests open"


def test_what_is_held_keeps_its_old_value_in_the_copy(
    tmp_path: Path, case: Case, writer: Writer
) -> None:
    bucket = Bucket.build(tmp_path / "holds")
    bucket.hold(tables=(CLEANING_HISTORY,))
    correct(case, writer.destination, keeper=bucket.keeper)
    (copy,) = bucket.rows()
    assert copy["area"].to_pylist() == [WRONG]


@pytest.mark.parametrize("steps", range(4))
def test_killed_anywhere_and_called_again_the_old_value_is_gone(
    tmp_path: Path,
    case: Case,
    writer: Writer,
    steps: int,
) -> None:
    before = values(writer.destination)
    mortal = MortalStore(tmp_path / "lake", Life(steps, behind=True))
    with suppress(RetryableError):
        correct(case, empty(mortal, CLEANING_HISTORY))
    assert values(writer.destination) in (before, before | {0: RIGHT})
    assert "of 1 rows" in correct(case, writer.destination)
    assert values(writer.destination) == before | {0: RIGHT}
    assert WRONG not in stored(writer.destination)


class Overtaken(DirectoryStore):
    """A compaction comes first, each time that a file is put."""

    def __init__(self, root: Path, times: int) -> None:
        super().__init__(root)
        self._times = times

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        etag = super().put(key, data, only_if_absent=only_if_absent)
        if self._times:
            self._times -= 1
            there = empty(DirectoryStore(Path(self.url)), CLEANING_HISTORY)
            compact(there, lambda: NOW + timedelta(days=1), timedelta(days=9), Shard())
        return etag


def test_beside_a_compaction_it_starts_again(tmp_path: Path, case: Case, writer: Writer) -> None:
    before = values(writer.destination)
    correct(case, empty(Overtaken(tmp_path / "lake", 1), CLEANING_HISTORY))
    assert values(writer.destination) == before | {0: RIGHT}
    assert WRONG not in stored(writer.destination)


def test_old_values_that_nothing_names_go_and_a_file_that_a_compaction_is_about_to_commit_stays(
    case: Case, writer: Writer
) -> None:
    correct(case, writer.destination)
    columns: dict[str, Any] = {
        "device": [MINE] * 3,
        "session": [SESSION] * 3,
        "vendor": ["360-robot-vacuum"] * 3,
        "started": [NOW] * 3,
        "event_time": [NOW + timedelta(minutes=9)] * 3,
    }
    old, new = (writer.put(LATER, area=[area] * 3, **columns) for area in (WRONG, RIGHT))
    correct(case, writer.destination)
    assert not is_there(writer.destination, old)
    assert is_there(writer.destination, new)


def test_a_cleaning_that_is_preserved_stays_so_when_it_is_put_right(
    case: Case, writer: Writer
) -> None:
    there = writer.destination
    preserve(there.store, there.table.name, [writer.files[0].path])
    correct(case, there)
    expire(there, LATER)
    assert values(there) == {0: RIGHT, 1: 5, 2: 6}


class Preceded(Destination):
    """Somebody else does something, once, just before a commit."""

    others: list[Callable[[], object]]

    def replace(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        if self.others:
            self.others.pop()()
        super().replace(*given, **named)


def test_what_is_put_aside_while_it_is_put_right_is_put_right_there_too(
    tmp_path: Path, case: Case, writer: Writer
) -> None:
    table = Preceded(CLEANING_HISTORY, writer.destination.region, writer.destination.store)
    aside = empty(tmp_path / "aside", CLEANING_HISTORY)
    restrict = partial(move, reason="restrict", clock=lambda: NOW)
    table.others = [lambda: restrict(writer.destination, aside, Selection(frozenset({MINE})))]
    others = {n: area for n, area in values(table).items() if n > 1}
    wanted = Correction.parse(SESSION, [f"area={RIGHT}"])
    at = Cleanings([aside, table], None, lambda: NOW)
    told = at.correct(case, [MINE], wanted, Policies.shipped())
    assert "1 of 1 rows" in told
    assert (values(aside), values(table)) == ({0: RIGHT, 1: 5}, others)
    assert WRONG not in stored(aside) | stored(table)
