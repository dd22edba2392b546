from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.lake import PARTITION, Waking, Writer, empty
from support.rows import NOW, path_of, pseudonym, rows_of
from support.tile_rows import packed, tile_rows
from support.wire import EU

from jobs.compact import Shard, compact
from jobs.rewriting import First, Search, Selection, Taken, find, take_out
from jobs.subjects.searching import drop_orphans
from schemas.errors import IntegrityError, StoreUnavailableError
from schemas.retention import FORTNIGHT
from schemas.tables import MAP_TILES, TABLES, TELEMETRY, Table
from storage.dataset import open_table
from storage.decoded import readable
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import decode, describe, encode

ALICE = pseudonym(1)
"""One of the devices that `rows_of` and `tile_rows` make up."""

HALF_AN_HOUR_LATER = NOW + timedelta(minutes=15)
NUMBERS = count(1)
OF_DEVICES = [table for table in TABLES.values() if "device" in table.schema.names]


def commit(destination: Destination, *parts: pa.Table, rewrites: int = 0) -> None:
    """One file a part."""
    files = []
    for rows in parts:
        path = path_of(next(NUMBERS), expires=NOW + FORTNIGHT)
        path = path.compacted(rewrites) if rewrites else path
        data = encode(rows, destination.table)
        destination.store.put(object_key(destination.table.name, path), data)
        files.append(describe(rows, data, path, NOW))
    destination.versions([PARTITION.application_id])
    destination.append(files, {PARTITION.application_id: next(NUMBERS)})


def some(table: Table, n: int, *, seed: int = 0) -> pa.Table:
    if table is MAP_TILES:
        return tile_rows(n, seed=seed, offset=range(seed * 1000, seed * 1000 + n))
    devices = [pseudonym(1 + i % 3) for i in range(n)]
    offsets = range(seed * 1000, seed * 1000 + n)
    return rows_of(table, n, seed=seed, device=devices, offset=offsets)


def seen(destination: Destination) -> pa.Table:
    lake = {(destination.table.name, destination.region): destination}
    return open_table(destination.table.name, lake).to_table().sort_by("offset")


def taken(destination: Destination, selection: Selection, first: First | None = None) -> Taken:
    return take_out(destination, selection, reason="erase", clock=lambda: NOW, first=first)


def left(before: pa.Table, selection: Selection) -> pa.Table:
    return before.filter(pa.compute.invert(selection.has(before)))


def properties(data: bytes) -> Mapping[str, Any]:
    """What a writer decides, of a file's first row group."""
    content = pq.ParquetFile(pa.BufferReader(data))
    group = content.metadata.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    return {
        "schema": content.schema_arrow.to_string(show_field_metadata=True),
        "sorted": group.sorting_columns,
        "filters": [one.bloom_filter_offset is not None for one in columns],
        "indexes": [(one.has_offset_index, one.has_column_index) for one in columns],
        "codecs": [one.compression for one in columns],
    }


@pytest.mark.parametrize("table", OF_DEVICES, ids=lambda table: table.name)
@pytest.mark.parametrize("before", [None, HALF_AN_HOUR_LATER], ids=["all", "before"])
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=3), tier=st.sampled_from([0, 2]))
@settings(max_examples=6, deadline=None)
def test_every_other_row_stays_value_for_value_in_files_as_the_table_s_are(
    tmp_path_factory: pytest.TempPathFactory,
    table: Table,
    before: datetime | None,
    sizes: list[int],
    tier: int,
) -> None:
    destination = empty(tmp_path_factory.mktemp("lake"), table)
    parts = [some(table, n, seed=i) for i, n in enumerate(sizes)]
    if tier and table is MAP_TILES:
        parts = [packed(part) for part in parts]
    commit(destination, *parts, rewrites=tier)
    there = seen(destination)
    selection = Selection(frozenset({ALICE, pseudonym(2)}), before)
    wanted = left(there, selection)
    done = taken(destination, selection)
    assert seen(destination).equals(wanted)
    assert done.rows == there.num_rows - wanted.num_rows
    assert find(destination, selection).is_nothing
    live = destination.live()
    stored = {object_key(table.name, file.path) for file in live}
    assert {info.key for info in destination.store.list(f"{table.name}/date=")} == stored
    like = properties(encode(some(table, 40), table))
    for file in live:
        data = destination.store.get(object_key(table.name, file.path))
        assert properties(data) == like
        assert file.path.rewrites == tier
        assert (file.rows, file.size) == (decode(data).num_rows, len(data))


def test_taking_out_again_changes_nothing(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    commit(destination, some(TELEMETRY, 10), some(TELEMETRY, 20, seed=1))
    selection = Selection(frozenset({ALICE}))
    taken(destination, selection)
    version = destination.version()
    assert taken(destination, selection) == Taken()
    assert destination.version() == version


def test_it_is_one_commit_with_its_reason(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    commit(destination, *(some(TELEMETRY, 10, seed=i) for i in range(5)))
    version = destination.version()
    taken(destination, Selection(frozenset({ALICE})))
    (entry,) = destination.entries(version)
    assert (entry.reason, len(entry.removed), len(entry.added)) == ("erase", 5, 5)


def test_a_file_of_nothing_else_is_dropped(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    commit(destination, rows_of(TELEMETRY, 4, device=[ALICE] * 4))
    assert taken(destination, Selection(frozenset({ALICE}))) == Taken(1, {ALICE: 4}, 0)
    assert destination.live() == []
    assert [*destination.store.list("telemetry/date=")] == []


def test_what_is_taken_is_told_before_anything_goes(tmp_path: Path) -> None:
    destination = empty(tmp_path, MAP_TILES)
    commit(destination, packed(some(MAP_TILES, 40)), rewrites=1)
    there = seen(destination)
    selection = Selection(frozenset({ALICE}), HALF_AN_HOUR_LATER)
    told: list[pa.Table] = []

    def first(path: DataPath, rows: pa.Table) -> None:
        assert path in {file.path for file in destination.live()}
        told.append(readable(rows))

    def refuse() -> None:
        raise StoreUnavailableError("the copy is not durable")

    with pytest.raises(StoreUnavailableError):
        take_out(
            destination,
            selection,
            reason="erase",
            clock=lambda: NOW,
            first=first,
            ready=refuse,
        )
    assert seen(destination).equals(there)
    taken(destination, selection, first=first)
    wanted = there.filter(selection.has(there))
    again = told[-1].cast(MAP_TILES.schema).sort_by("offset")
    assert again.equals(wanted.select(again.schema.names).cast(again.schema))


class Overtaken(DirectoryStore):
    """Somebody else does something whenever a rewritten file was put."""

    others: list[Callable[[], object]]

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        etag = super().put(key, data, only_if_absent=only_if_absent)
        if "date=" in key and self.others:
            self.others.pop()()
        return etag


def test_a_file_that_compaction_takes_away_is_found_again(tmp_path: Path) -> None:
    store = Overtaken(tmp_path)
    store.others = []
    destination = empty(store)
    commit(destination, *(some(TELEMETRY, 9, seed=i) for i in range(3)))
    there = seen(destination)
    later = NOW + timedelta(days=1)
    other = empty(tmp_path)
    store.others = [lambda: compact(other, lambda: later, timedelta(days=9), Shard())]
    selection = Selection(frozenset({ALICE}))
    assert taken(destination, selection).files == 1
    assert seen(destination).equals(left(there, selection))
    assert find(destination, selection).files == ()


def test_beside_a_sink_it_goes_on_and_the_next_run_takes_the_rest(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    writer.commit(writer.put(NOW + FORTNIGHT, device=[ALICE, pseudonym(2), pseudonym(3)]))
    late = writer.put(NOW + FORTNIGHT, device=[ALICE] * 3)
    waking = Waking.beside(writer, late)
    assert taken(waking, Selection(frozenset({ALICE}))).rows == 1
    assert taken(waking, Selection(frozenset({ALICE}))).rows == 3
    assert find(waking, Selection(frozenset({ALICE}))).is_nothing


class Swept(DirectoryStore):
    """A sweeper takes a new file away just when it is committed."""

    victim: str = ""

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        etag = super().put(key, data, only_if_absent=only_if_absent)
        if "date=" in key and not self.victim:
            self.victim = key
            self.delete([key])
        return etag


def test_a_new_file_that_a_sweeper_took_is_made_again_before_the_old_one_goes(
    tmp_path: Path,
) -> None:
    destination = empty(tmp_path)
    commit(destination, some(TELEMETRY, 12))
    selection = Selection(frozenset({ALICE}))
    wanted = left(seen(destination), selection)
    taken(empty(Swept(tmp_path)), selection)
    assert seen(destination).equals(wanted)


class Followed(Destination):
    """Somebody else does something just behind a commit."""

    other: Callable[[], object]

    def replace(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        super().replace(*given, **named)
        self.other()


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda there: taken(there, Selection(frozenset({ALICE}))),
        lambda there: compact(there, lambda: NOW + timedelta(days=1), timedelta(days=9), Shard()),
    ],
    ids=["erasure", "compaction"],
)
def test_what_is_erased_right_behind_a_commit_is_not_put_again(
    tmp_path: Path, rewrite: Callable[[Destination], object]
) -> None:
    other, destination = empty(tmp_path), Followed(TELEMETRY, EU, DirectoryStore(tmp_path))
    commit(other, *(some(TELEMETRY, 9, seed=i) for i in range(2)))
    of_bob = Selection(frozenset({pseudonym(2)}))

    def erase_bob() -> None:
        taken(other, of_bob)
        drop_orphans([Search(other, of_bob)])

    destination.other = erase_bob
    rewrite(destination)
    assert find(other, of_bob).is_nothing


def test_rows_that_are_not_what_the_log_says_are_left_alone(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    commit(destination, some(TELEMETRY, 12))
    (file,) = destination.live()
    other = encode(some(TELEMETRY, 11), TELEMETRY)
    destination.store.put(object_key("telemetry", file.path), other + bytes(file.size - len(other)))
    with pytest.raises(IntegrityError):
        taken(destination, Selection(frozenset({ALICE})))
    assert destination.live() == [file]
