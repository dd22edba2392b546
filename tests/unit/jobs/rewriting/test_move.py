from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from support.lake import Writer, empty
from support.rows import NOW, pseudonym

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.rewriting import Selection, find, move, take_out
from jobs.rewriting.change import Change, change
from jobs.sweep import clock_of, sweep
from schemas.retention import FORTNIGHT
from schemas.tables import CLEANING_HISTORY
from storage.directory import DirectoryStore
from storage.lake import Destination

ALICE = pseudonym(1)
OF_ALICE = Selection(frozenset({ALICE}))
RIGHT = 4711
carry = partial(move, selection=OF_ALICE, reason="restrict", clock=lambda: NOW)


class Overtaken(DirectoryStore):
    """Somebody else does something, once, when both files were copied."""

    puts = 0
    other: Callable[[], object]

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        etag = super().put(key, data, only_if_absent=only_if_absent)
        self.puts += "date=" in key
        if self.puts == 2 and "date=" in key:
            self.other()
        return etag


@pytest.fixture
def source(tmp_path: Path) -> Destination:
    """Two files, each with rows of Alice's."""
    writer = Writer(empty(tmp_path / "source", CLEANING_HISTORY))
    writer.commit(
        *(writer.put(NOW + FORTNIGHT, device=[ALICE, pseudonym(2), ALICE]) for _ in range(2))
    )
    return writer.destination


@pytest.fixture
def target(tmp_path: Path) -> Destination:
    """An empty table."""
    return empty(Overtaken(tmp_path / "target"), CLEANING_HISTORY)


def meanwhile(target: Destination, other: Callable[[], object]) -> None:
    assert isinstance(target.store, Overtaken)
    target.store.other = other


def areas(destination: Destination) -> Mapping[int, int]:
    """By offset."""
    rows = destination.dataset().to_table(["offset", "area"]).to_pylist()
    assert len({row["offset"] for row in rows}) == len(rows)
    return {row["offset"]: row["area"] for row in rows}


def correct(destination: Destination) -> None:
    """Put the area of one of Alice's cleanings right."""

    def to(rows: pa.Table) -> pa.Table:
        at = rows.schema.get_field_index("area")
        area = rows.schema.field(at)
        return rows.set_column(at, area, pa.array([RIGHT] * rows.num_rows, area.type))

    wanted = Change(OF_ALICE, lambda rows: pc.equal(rows["offset"], 0), to)
    assert change(destination, wanted, reason="correct", clock=lambda: NOW).rows == 1


def test_what_is_corrected_while_it_is_copied_arrives_corrected(
    source: Destination, target: Destination
) -> None:
    before = areas(source)
    meanwhile(target, lambda: correct(source))
    assert carry(source, target).rows == 4
    assert areas(target) == {n: before[n] for n in (0, 2, 3, 5)} | {0: RIGHT}
    assert len([*target.store.list("cleaning_history/date=")]) == len(target.live())


def test_what_is_erased_while_it_is_copied_does_not_arrive(
    source: Destination, target: Destination
) -> None:
    meanwhile(target, lambda: take_out(source, OF_ALICE, reason="erase", clock=lambda: NOW))
    assert carry(source, target).rows == 0
    assert find(target, OF_ALICE).is_nothing


def test_what_is_compacted_while_it_is_copied_arrives_once(
    source: Destination, target: Destination
) -> None:
    before = areas(source)
    later = NOW + timedelta(days=1)
    meanwhile(target, lambda: compact(source, lambda: later, timedelta(days=9), Shard()))
    assert carry(source, target).rows == 4
    assert areas(target) == {n: before[n] for n in (0, 2, 3, 5)}
    assert len([*target.store.list("cleaning_history/date=")]) == len(target.live())


@pytest.mark.parametrize("by", ["sweeper", "expiry"])
def test_a_copy_that_was_deleted_before_its_commit_is_put_again(
    source: Destination, target: Destination, by: str
) -> None:
    before = areas(source)
    now = clock_of(target.store) + timedelta(hours=2)
    takers: Mapping[str, Callable[[], object]] = {
        "sweeper": lambda: sweep(target, age=timedelta(0), now=now),
        "expiry": lambda: expire(target, NOW + FORTNIGHT),
    }
    meanwhile(target, takers[by])
    carry(source, target)
    assert areas(target) == {n: before[n] for n in (0, 2, 3, 5)}
