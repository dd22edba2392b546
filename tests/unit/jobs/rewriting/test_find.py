from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.lake import Writer, empty
from support.rows import NOW, pseudonym

from jobs.rewriting import Orphan, Selection, find
from jobs.rewriting.find import Search
from schemas.errors import IntegrityError
from schemas.retention import FORTNIGHT
from schemas.tables import DEAD_LETTERS
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile

ALICE, BOB = pseudonym(1001), pseudonym(1002)
HOUR = timedelta(hours=1)


def put(writer: Writer, *names: str, others: int = 40) -> DataFile:
    devices = [*names, *(pseudonym(i) for i in range(others))]
    return writer.put(NOW + FORTNIGHT, rows=len(devices), device=devices)


def test_it_tells_which_files_have_rows_and_how_many_and_what_that_cost(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    one, two = put(writer, ALICE, ALICE), put(writer, ALICE, BOB)
    writer.commit(one, two, *(put(writer) for _ in range(10)))
    found = find(writer.destination, Selection(frozenset({ALICE, BOB})))
    assert {match.file.path: match.rows for match in found.files} == {one.path: 2, two.path: 2}
    assert (found.rows, found.looked_at, found.orphans) == (4, 12, ())
    assert found.requests >= 12
    assert found.bytes_read > 0
    assert find(writer.destination, Selection(frozenset({pseudonym(7777)}))).is_nothing


def test_a_file_without_such_rows_costs_one_request_for_its_end(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    files = [writer.put(NOW + FORTNIGHT, rows=20_000) for _ in range(3)]
    writer.commit(*files)
    found = find(writer.destination, Selection(frozenset({ALICE})))
    assert found.requests == 1 + len(files)  # the first lists the folder
    assert found.bytes_read < sum(file.size for file in files) / 5


def test_rows_of_one_time_and_later_are_not_meant(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    times = [NOW - HOUR, NOW, NOW + HOUR]
    early = writer.put(NOW + FORTNIGHT, device=[ALICE] * 3, event_time=times)
    late = writer.put(NOW + FORTNIGHT, device=[ALICE] * 3, event_time=[NOW + HOUR] * 3)
    writer.commit(early, late)
    found = find(writer.destination, Selection(frozenset({ALICE}), before=NOW))
    assert [(match.file.path, match.rows) for match in found.files] == [(early.path, 1)]


def test_orphans_are_told_apart_also_those_that_nobody_can_look_into(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    writer.commit(put(writer))
    orphan, _ = put(writer, BOB), put(writer)
    found = find(writer.destination, Selection(frozenset({BOB})))
    assert (found.files, found.orphans) == ((), (Orphan(orphan.path, 1),))
    assert not found.is_nothing


def test_a_table_without_devices_has_none_of_their_rows(tmp_path: Path) -> None:
    assert find(empty(tmp_path, DEAD_LETTERS), Selection(frozenset({ALICE}))).is_nothing


class Interrupted(DirectoryStore):
    """Somebody else does something before a file is looked into, once."""

    other: Callable[[], None] | None = None

    def get_range(self, key: str, start: int, length: int) -> bytes:
        other, self.other = self.other, None
        if other is not None:
            other()
        return super().get_range(key, start, length)


def test_a_file_that_vanishes_meanwhile_is_looked_for_again(tmp_path: Path) -> None:
    store = Interrupted(tmp_path)
    writer = Writer(empty(store))
    old = put(writer, ALICE)
    writer.commit(old)
    new = put(writer, ALICE, ALICE)

    def compact() -> None:
        there: Destination = empty(tmp_path)
        there.replace([old], [new], reason="compact", now=NOW)
        there.store.delete([object_key("telemetry", old.path)])

    store.other = compact
    search = Search(writer.destination, Selection(frozenset({ALICE})))
    assert [(match.file.path, match.rows) for match in search.files()] == [(new.path, 2)]


def test_what_was_looked_into_is_not_read_again(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    writer.commit(put(writer, ALICE))
    search = Search(writer.destination, Selection(frozenset({ALICE})))
    before = search.found()
    writer.commit(put(writer, ALICE))
    after = search.found()
    assert (len(before.files), len(after.files)) == (1, 2)
    assert after.requests - before.requests == 3  # a listing, the new file's end, its devices


def test_a_damaged_file_is_no_file_without_such_rows(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    file = put(writer, ALICE)
    writer.commit(file)
    writer.destination.store.put(object_key("telemetry", file.path), b"PAR1" * 500)
    with pytest.raises(IntegrityError, match="not a data file"):
        find(writer.destination, Selection(frozenset({BOB})))
    writer.destination.store.delete([object_key("telemetry", file.path)])
    with pytest.raises(IntegrityError, match="are not there"):
        find(writer.destination, Selection(frozenset({BOB})))
