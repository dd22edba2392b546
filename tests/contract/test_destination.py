import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import polars as pl
import pytest
from support.destinations import APP, EU, NUMBERS, OTHER, data_file, handle, offsets, paths
from support.rows import NOW, path_of, rows_of

from schemas.errors import ConflictError, RetryableError, SettingsError, StoreUnavailableError
from schemas.lineage import Partition, Span
from schemas.tables import TELEMETRY
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile, entry_key
from storage.parquet import describe, encode
from storage.receipts import Receipt, SpanReceipt
from storage.store import ObjectStore


@pytest.fixture
def destination(store: ObjectStore) -> Destination:
    made = handle(store)
    made.create()
    return made


def test_a_table_that_was_never_made_is_an_error_of_the_settings(store: ObjectStore) -> None:
    with pytest.raises(SettingsError, match="telemetry in eu"):
        handle(store).versions([APP])


def test_making_a_table_is_idempotent_also_at_once(store: ObjectStore) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: handle(store).create(), range(4)))
    assert handle(store).version() == 0
    assert handle(store).differences() == []


def test_the_log_keeps_the_declared_fields_and_forgets_no_partition(
    destination: Destination,
) -> None:
    assert destination.dataset().schema.equals(destination.schema, check_metadata=True)
    (entry,) = destination.entries()
    text = destination.store.get(entry_key("telemetry", 0)).decode()
    assert "interval 14 days" in text
    assert "TransactionRetention" not in text
    assert entry.version == 0


def test_a_partition_is_unknown_until_it_is_moved(destination: Destination) -> None:
    assert destination.versions([APP, OTHER]) == {APP: None, OTHER: None}
    destination.append([], {APP: 6})  # a pin
    assert destination.versions([APP, OTHER]) == {APP: 6, OTHER: None}
    assert destination.live() == []


def test_files_and_positions_appear_together(destination: Destination, store: ObjectStore) -> None:
    file = data_file(store, 10)
    destination.versions([APP])
    destination.append([file], {APP: 9})
    reader = handle(store)
    assert reader.versions([APP]) == {APP: 9}
    assert paths(reader) == [str(file.path)]
    assert offsets(reader) == list(range(10))


def test_the_live_files_are_told_as_they_were_put(
    destination: Destination, store: ObjectStore
) -> None:
    file = data_file(store, 10, 40)
    destination.versions([APP])
    destination.append([file], {APP: 49})
    (found,) = destination.live()
    assert (found.path, found.size, found.rows, found.modified) == (
        (file.path, file.size, 10, file.modified)
    )
    assert found.bounds["offset"] == (40, 49)
    for name in ("event_time", "ingest_time"):
        assert encloses(found, file, name)


def encloses(found: DataFile, told: DataFile, name: str) -> bool:
    both = [*found.bounds[name], *told.bounds[name]]
    low, high, least, most = (bound for bound in both if isinstance(bound, datetime))
    slack = timedelta(milliseconds=1)
    return least - slack < low <= least and most <= high < most + slack


def test_a_commit_needs_versions_that_were_compared_since_the_last(
    destination: Destination, store: ObjectStore
) -> None:
    with pytest.raises(ValueError, match="compare"):
        destination.append([], {APP: 1})
    destination.versions([APP])
    with pytest.raises(ValueError, match="compare"):
        destination.append([data_file(store)], {})
    destination.append([], {APP: 1})
    with pytest.raises(ValueError, match="compare"):
        destination.append([], {APP: 2})


def test_versions_stay_true_through_own_and_foreign_commits(store: ObjectStore) -> None:
    handle(store).create()
    mine, theirs = handle(store), handle(store)
    for last in range(20):
        assert mine.versions([APP, OTHER]) == {APP: last - 1 if last else None, OTHER: None} | (
            {OTHER: last - 1} if last else {}
        )
        mine.append([], {APP: last})
        theirs.versions([OTHER])
        theirs.append([], {OTHER: last})
    for last in range(20, 60):
        theirs.versions([OTHER])
        theirs.append([], {OTHER: last})
    assert mine.versions([APP, OTHER]) == {APP: 19, OTHER: 59}


def test_a_stale_owner_is_refused(destination: Destination, store: ObjectStore) -> None:
    zombie = handle(store)
    assert destination.versions([APP]) == zombie.versions([APP])
    destination.append([data_file(store, 10)], {APP: 9})
    with pytest.raises(ConflictError, match="telemetry in eu"):
        zombie.append([data_file(store, 10)], {APP: 9})
    assert zombie.versions([APP]) == {APP: 9}
    assert offsets(zombie) == list(range(10))


def test_looking_at_the_table_after_comparing_does_not_make_a_commit_blind(
    destination: Destination, store: ObjectStore
) -> None:
    zombie = handle(store)
    destination.versions([APP])
    zombie.versions([APP])
    destination.append([], {APP: 9})
    zombie.live()  # catches up with the log
    with pytest.raises((ConflictError, ValueError), match=r"telemetry in eu"):
        zombie.append([], {APP: 9})


def test_of_racing_handles_at_most_one_commits_each_version(store: ObjectStore) -> None:
    handle(store).create()
    rounds, racers = 12, 3
    start = threading.Barrier(racers)
    won: Counter[int] = Counter()

    def race(mine: Destination) -> None:
        for last in range(rounds):
            start.wait()
            try:
                if mine.versions([APP])[APP] == (last - 1 if last else None):
                    mine.append([], {APP: last})
                    won[last] += 1
            except RetryableError:
                pass
            start.wait()
            settle(mine, last)

    def settle(mine: Destination, last: int) -> None:
        while mine.versions([APP])[APP] != last:
            try:
                mine.append([], {APP: last})
            except RetryableError:
                continue

    with ThreadPoolExecutor(racers) as pool:
        list(pool.map(race, [handle(store) for _ in range(racers)]))
    moved = Counter(entry.versions[APP] for entry in handle(store).entries(0))
    assert moved == dict.fromkeys(range(rounds), 1)
    assert max(won.values()) == 1


def test_others_partitions_do_not_stand_in_the_way(store: ObjectStore) -> None:
    handle(store).create()
    one, two = handle(store), handle(store)
    one.versions([APP])
    two.versions([OTHER])
    one.append([data_file(store, 5, 0)], {APP: 4})
    two.append([data_file(store, 5, 5)], {OTHER: 9})
    assert one.versions([APP, OTHER]) == {APP: 4, OTHER: 9}
    assert offsets(one) == list(range(10))


def test_each_thread_has_a_view_of_its_own(destination: Destination) -> None:
    destination.versions([APP])
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="compare"):
            pool.submit(destination.append, [], {APP: 1}).result()
        pool.submit(destination.versions, [APP]).result()
        pool.submit(destination.append, [], {APP: 1}).result()
    with pytest.raises(ConflictError):
        destination.append([], {APP: 1})


@pytest.fixture
def filled(destination: Destination, store: ObjectStore) -> tuple[Destination, list[DataFile]]:
    files = [data_file(store, 10, first) for first in range(0, 30, 10)]
    destination.versions([APP])
    destination.append(files, {APP: 29})
    return destination, files


Filled = tuple[Destination, list[DataFile]]


def test_files_are_replaced_in_one_step(filled: Filled, store: ObjectStore) -> None:
    destination, (one, two, three) = filled
    whole = data_file(store, 20, 0)
    destination.replace([one, two], [whole], reason="compact", now=NOW)
    assert sorted(paths(destination)) == sorted([str(whole.path), str(three.path)])
    assert offsets(handle(store)) == list(range(30))
    assert destination.versions([APP]) == {APP: 29}


def test_a_replacement_is_refused_when_an_input_is_gone(filled: Filled, store: ObjectStore) -> None:
    destination, (one, two, three) = filled
    late = handle(store)
    late.live()
    destination.replace([one, two], [data_file(store, 20, 0)], reason="compact", now=NOW)
    with pytest.raises(ConflictError):
        late.replace([two, three], [data_file(store, 20, 10)], reason="compact", now=NOW)
    with pytest.raises(ConflictError):
        late.replace([two], [], reason="erase", now=NOW)
    assert offsets(late) == list(range(30))


def test_of_replacements_at_once_exactly_one_wins(filled: Filled, store: ObjectStore) -> None:
    _, (one, two, three) = filled
    start = threading.Barrier(3)

    def replace(mine: Destination) -> int:
        new = data_file(store, 20, 0)
        mine.live()
        start.wait()
        try:
            mine.replace([one, two], [new], reason="compact", now=NOW)
        except ConflictError:
            return 0
        return 1

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(replace, [handle(store) for _ in range(3)])) == 1
    assert offsets(handle(store)) == list(range(30))
    assert str(three.path) in paths(handle(store))


def test_a_replacement_takes_something_away(destination: Destination, store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="takes files away"):
        destination.replace([], [data_file(store)], reason="compact", now=NOW)


def test_dropping_is_idempotent(filled: Filled, store: ObjectStore) -> None:
    destination, (one, two, three) = filled
    assert destination.drop([one, two], reason="expire", now=NOW) == 2
    assert handle(store).drop([one, two, three], reason="expire", now=NOW) == 1
    assert destination.drop([one], reason="expire", now=NOW) == 0
    assert destination.live() == []
    assert destination.versions([APP]) == {APP: 29}


def test_an_append_beside_a_replacement_is_refused_or_whole(
    filled: Filled, store: ObjectStore
) -> None:
    destination, (one, *_) = filled
    rewriter = handle(store)
    destination.versions([APP])
    rewriter.replace([one], [data_file(store, 10, 0)], reason="compact", now=NOW)
    new = data_file(store, 10, 30)
    for _ in range(3):
        try:
            destination.append([new], {APP: 39})
            break
        except ConflictError:
            assert destination.versions([APP]) == {APP: 29}
    assert offsets(destination) == list(range(40))


def test_a_receipt_is_read_back_from_the_log(destination: Destination, store: ObjectStore) -> None:
    span = SpanReceipt(
        Partition.parse(APP), Span(0, 9), 10, {"stored/eu": 9, "rejected/too big": 1}, {"360": 9}
    )
    receipt = Receipt((span,), {"360": "2018-05"}, 1, 1, "worker", 9)
    file = data_file(store, 9)
    destination.versions([APP])
    destination.append([file], {APP: 9}, receipt)
    destination.replace([file], [], reason="erase", now=NOW)
    made, appended, replaced = destination.entries()
    assert (made.receipt, appended.receipt, replaced.receipt) == (None, receipt, None)
    assert appended.versions == {APP: 9}
    assert [added.path for added in appended.added] == [file.path]
    assert (replaced.removed, replaced.reason) == ((file.path,), "erase")
    assert [entry.version for entry in destination.entries(0)] == [1, 2]


def test_summing_the_log_up_changes_nothing_in_the_table(
    filled: Filled, store: ObjectStore
) -> None:
    destination, files = filled
    destination.clean_log()
    assert handle(store).live() == destination.live()
    assert len(destination.live()) == len(files)
    assert handle(store).versions([APP]) == {APP: 29}
    assert len(list(destination.entries())) == 2


def test_an_entry_before_a_gap_is_none_of_the_tables(filled: Filled, store: ObjectStore) -> None:
    destination, _ = filled
    for last in (30, 31, 32):
        destination.versions([APP])
        destination.append([], {APP: last})
    destination.checkpoint()
    store.delete([entry_key("telemetry", version) for version in (0, 2)])
    assert [entry.version for entry in destination.entries()] == [3, 4]
    assert handle(store).versions([APP]) == {APP: 32}


def test_a_missing_column_is_added_and_old_rows_have_none(store: ObjectStore) -> None:
    schema = TELEMETRY.schema.remove(TELEMETRY.schema.get_field_index("latitude"))
    older = replace(TELEMETRY, schema=schema)
    rows = rows_of(older, 5)
    path, data = path_of(next(NUMBERS)), encode(rows, older)
    store.put(object_key(older.name, path), data)
    old = Destination(older, EU, store)
    old.create()
    old.versions([APP])
    old.append([describe(rows, data, path, NOW)], {APP: 4})
    new = handle(store)
    assert new.differences() == ["latitude"]
    new.create()
    assert new.differences() == []
    assert new.dataset().to_table(["latitude"])["latitude"].to_pylist() == [None] * 5


def test_every_engine_reads_the_same_rows(filled: Filled, store: ObjectStore) -> None:
    destination, _ = filled
    telemetry = destination.dataset()
    duck = duckdb.connect()
    duck.register("telemetry", telemetry)
    query = 'select "offset", date, expires, device from telemetry order by 1'
    found = duck.execute(query).fetchall()
    options = {key: text for key, text in store.lake_options().items() if key.startswith("AWS_")}
    frame = pl.scan_delta(destination.url, storage_options=options or None)
    names = ("offset", "date", "expires", "device")
    assert found == frame.select(names).sort("offset").collect().rows()
    assert [row[0] for row in found] == list(range(30))


def test_nothing_in_the_log_names_a_pseudonym(filled: Filled, store: ObjectStore) -> None:
    destination, _ = filled
    destination.checkpoint()
    devices = {*destination.dataset().to_table(["device"])["device"].to_pylist()}
    for info in store.list("telemetry/_delta_log/"):
        data = store.get(info.key)
        if info.key.endswith(".parquet"):
            data = str(pl.read_parquet(data).to_dicts()).encode()
        assert not any(device.encode() in data for device in devices), info.key


def test_a_log_that_does_not_answer_is_unavailable_and_recovers(
    destination: Destination, store: ObjectStore
) -> None:
    destination.versions([APP])
    destination.append([], {APP: 1})
    key = entry_key("telemetry", 0)
    kept = {info.key: store.get(info.key) for info in store.list("telemetry/_delta_log/")}
    store.delete(kept)
    with pytest.raises((StoreUnavailableError, SettingsError)):
        handle(store).versions([APP])
    for name, data in kept.items():
        store.put(name, data)
    assert key in kept
    assert destination.versions([APP]) == {APP: 1}
