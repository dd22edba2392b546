from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.faults.mortal import Life, MortalStore
from support.holding import HELD, Bucket
from support.lake import Writer, empty
from support.rows import NOW, path_of, pseudonym, rows_of
from support.tile_rows import packed, tile_rows
from support.wire import EU

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.holds.keeping import Keeper
from schemas.canonical import digest
from schemas.errors import ConflictError, IntegrityError, StoreUnavailableError
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY
from storage.directory import DirectoryStore
from storage.holds import CopyFolder, copy_folders
from storage.lake import Destination
from storage.parquet import encode

OTHER = pseudonym(2)
HOUR = timedelta(hours=1)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.build(tmp_path / "holds")


def in_table(destination: Destination, device: str = HELD) -> list[int]:
    """Offsets of a device's rows that analysts see."""
    rows = destination.dataset().to_table(["device", "offset"]).to_pylist()
    return sorted(row["offset"] for row in rows if row["device"] == device)


def test_held_rows_are_copied_before_their_file_is_dropped(tmp_path: Path, bucket: Bucket) -> None:
    writer = Writer(empty(tmp_path / "eu"))
    due = [writer.put(NOW, device=[HELD, OTHER, HELD]), writer.put(NOW, device=[OTHER] * 3)]
    writer.commit(*due, writer.put(NOW + 2 * HOUR, device=[HELD] * 3))
    bucket.hold()
    report = expire(writer.destination, NOW, bucket.keeper.keep_files)
    assert (report.dropped, report.held) == (2, 2)
    assert in_table(writer.destination) == [6, 7, 8]
    assert bucket.offsets() == [0, 2]
    assert expire(writer.destination, NOW, bucket.keeper.keep_files).held == 0


def test_where_nothing_is_held_expiring_reads_no_file(tmp_path: Path, bucket: Bucket) -> None:
    writer = Writer(empty(Unread(tmp_path / "eu")))
    writer.commit(writer.put(NOW))
    assert expire(writer.destination, NOW, bucket.keeper.keep_files).dropped == 1
    bucket.hold(tables=(MAP_TILES,))
    bucket.hold("H-2", until=NOW - HOUR)
    bucket.hold("H-3", since=NOW + HOUR)
    writer.commit(writer.put(NOW))
    assert expire(writer.destination, NOW, bucket.keeper.keep_files).dropped == 1


class Unread(DirectoryStore):
    """Of which no file may be read."""

    def get_range(self, key: str, start: int, length: int) -> bytes:
        raise AssertionError(key, start, length)


def test_a_hold_is_on_some_tables_and_on_rows_of_its_time(tmp_path: Path, bucket: Bucket) -> None:
    times = [NOW - HOUR, NOW, NOW + HOUR]
    bucket.hold(tables=(CLEANING_HISTORY,), since=NOW, until=NOW + HOUR)
    for table in (TELEMETRY, CLEANING_HISTORY):
        writer = Writer(empty(tmp_path / "eu", table))
        writer.commit(writer.put(NOW, device=[HELD] * 3, event_time=times))
        expire(writer.destination, NOW, bucket.keeper.keep_files)
    assert bucket.offsets() == [1]


minutes = st.integers(-3, 3)
rows_of_files = st.lists(st.tuples(st.sampled_from([HELD, OTHER]), minutes), min_size=2, max_size=5)
windows = st.lists(st.tuples(st.none() | minutes, minutes | st.none()), min_size=1, max_size=2)


def at(minute: int | None) -> datetime | None:
    return None if minute is None else NOW + timedelta(minutes=minute)


@given(st.lists(st.tuples(st.booleans(), rows_of_files), min_size=2, max_size=4), windows)
@settings(max_examples=25)
def test_every_held_row_that_goes_has_a_copy_and_no_other_row_has(
    files: list[tuple[bool, list[tuple[str, int]]]], holds: list[tuple[int | None, int | None]]
) -> None:
    with TemporaryDirectory() as folder:
        bucket = Bucket.build(Path(folder, "holds"))
        for number, (since, until) in enumerate(holds):
            bucket.hold(f"H-{number}", since=at(since), until=at(until))
        writer = Writer(empty(Path(folder, "eu")))
        gone: list[tuple[int, str, int]] = []
        put, first = [], 0
        for is_due, rows in files:
            devices, times = zip(*rows, strict=True)
            hour, events = NOW if is_due else NOW + 2 * HOUR, [at(minute) for minute in times]
            put.append(writer.put(hour, rows=len(rows), device=devices, event_time=events))
            gone += [(first + i, *row) for i, row in enumerate(rows) if is_due]
            first += len(rows)
        writer.commit(*put)
        expire(writer.destination, NOW, bucket.keeper.keep_files)
        for number, (since, until) in enumerate(holds):
            held = [
                offset
                for offset, device, minute in gone
                if device == HELD
                and (since is None or minute >= since)
                and (until is None or minute < until)
            ]
            assert bucket.offsets(f"H-{number}") == sorted(held)


def test_a_copy_names_nobody_as_analysts_knew_him_and_keeps_a_device_together(
    tmp_path: Path, bucket: Bucket
) -> None:
    rotated = HELD.replace("k1", "k2")
    writer = Writer(empty(tmp_path / "eu"))
    writer.commit(writer.put(NOW, device=[HELD, rotated, HELD], session=[OTHER, OTHER, None]))
    for name in ("H-1", "H-2"):
        bucket.hold(name, devices=((HELD, rotated),))
    expire(writer.destination, NOW, Keeper(bucket.store, keys_of).keep_files)
    found = {}
    for name in ("H-1", "H-2"):
        (folder,) = copy_folders(bucket.store, name)
        (manifest,) = folder.manifests()
        rows = folder.rows(manifest)
        assert rows.schema.equals(TELEMETRY.schema)
        assert set(rows["key_version"].to_pylist()) == {0}
        assert rows["session"].null_count == 1
        (found[name],) = set(rows["device"].to_pylist())
        assert found[name].startswith("k0:")
        for info in bucket.store.list(f"{name}/"):
            assert HELD[3:].encode() not in bucket.store.get(info.key)
    assert found["H-1"] != found["H-2"]


def keys_of(hold: object) -> bytes:
    return repr(hold).encode().ljust(32)[:32][::-1]


@pytest.mark.parametrize("is_packed", [False, True], ids=["hot", "packed"])
def test_a_tile_has_the_same_copy_whichever_tier_it_lay_in(
    tmp_path: Path,
    bucket: Bucket,
    is_packed: bool,  # noqa: FBT001
) -> None:
    tiles = tile_rows(40, devices=3)
    writer = Writer(empty(tmp_path / "eu", MAP_TILES))
    stored = packed(tiles) if is_packed else tiles
    columns = {name: stored[name].to_pylist() for name in stored.schema.names}
    writer.commit(writer.put(NOW, rows=40, **columns))
    bucket.hold(tables=(MAP_TILES,))
    expire(writer.destination, NOW, bucket.keeper.keep_files)
    (folder,) = copy_folders(bucket.store, "H-1")
    (manifest,) = folder.manifests()
    copied = {row["offset"]: row["cells"] for row in folder.rows(manifest).to_pylist()}
    rows = tiles.to_pylist()
    assert copied == {row["offset"]: row["cells"] for row in rows if row["device"] == HELD}


def everywhere(destination: Destination, bucket: Bucket) -> list[int]:
    """Offsets of the held rows, in the table and in copies that count."""
    return sorted(in_table(destination) + bucket.offsets())


@pytest.mark.parametrize("steps", range(8))
def test_killed_between_any_two_steps_and_run_again_each_held_row_is_there_once(
    tmp_path: Path,
    bucket: Bucket,
    steps: int,
) -> None:
    writer = Writer(empty(tmp_path / "eu"))
    writer.commit(*[writer.put(NOW + HOUR, device=[HELD, OTHER, HELD]) for _ in range(2)])
    bucket.hold()
    held, now = in_table(writer.destination), NOW + HOUR
    life = Life(steps, behind=True)
    mortal = Bucket(MortalStore(tmp_path / "holds", life))
    with suppress(StoreUnavailableError):
        expire(empty(MortalStore(tmp_path / "eu", life)), now, mortal.keeper.keep_files)
    assert set(everywhere(writer.destination, bucket)) == set(held)
    compact(writer.destination, lambda: NOW + timedelta(days=1), timedelta(days=9), Shard())
    expire(writer.destination, now, bucket.keeper.keep_files)
    assert in_table(writer.destination) == []
    assert bucket.offsets() == held


def test_several_who_expire_at_once_beside_a_compaction_copy_each_row_once(
    tmp_path: Path, bucket: Bucket
) -> None:
    writer = Writer(empty(tmp_path / "eu"))
    for _ in range(6):
        writer.commit(writer.put(NOW, device=[HELD, OTHER, HELD]))
    bucket.hold()
    held = in_table(writer.destination)

    def run(number: int) -> None:
        there = empty(tmp_path / "eu")
        if number == 0:
            with suppress(ConflictError):
                compact(there, lambda: NOW + timedelta(days=1), timedelta(days=9), Shard())
        expire(there, NOW, bucket.keeper.keep_files)

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(run, range(4))] == [None] * 4
    assert in_table(writer.destination) == []
    assert bucket.offsets() == held


@given(st.lists(st.sampled_from([HELD, OTHER]), min_size=1, max_size=6), st.data())
@settings(max_examples=20)
def test_rows_that_come_again_from_other_files_are_left_out(
    devices: list[str], data: st.DataObject
) -> None:
    n = len(devices)
    rows = rows_of(TELEMETRY, n, device=devices)
    with TemporaryDirectory() as folder:
        bucket = Bucket.build(Path(folder))
        bucket.hold()
        first = bucket.keeper.before(Destination(TELEMETRY, EU, bucket.store))
        for number in range(3):
            some = data.draw(st.lists(st.integers(0, n - 1), unique=True), label="rows")
            first(path_of(number), rows.take(pa.array(some, pa.int64())))
        first(path_of(9), rows)
        assert bucket.offsets() == [i for i, device in enumerate(devices) if device == HELD]


def test_a_file_that_is_gone_is_looked_for_again(tmp_path: Path, bucket: Bucket) -> None:
    bucket.hold()
    writer = Writer(empty(tmp_path / "eu"))
    file = writer.put(NOW, device=[HELD] * 3)
    writer.commit(file)
    writer.destination.store.delete([f"telemetry/{file.path}"])
    with pytest.raises(ConflictError, match="is gone"):
        bucket.keeper.keep_files(writer.destination, [file])


@pytest.fixture
def folder(bucket: Bucket) -> CopyFolder:
    """Of a hold that has two copies."""
    bucket.hold()
    first = bucket.keeper.before(Destination(TELEMETRY, EU, bucket.store))
    for number in range(2):
        first(path_of(number), rows_of(TELEMETRY, 2, device=[HELD] * 2, seed=number))
    (found,) = copy_folders(bucket.store, "H-1")
    return found


def test_a_copy_that_was_cut_or_changed_or_taken_away_is_found(
    bucket: Bucket, folder: CopyFolder
) -> None:
    manifest, other = folder.manifests()
    key = f"{folder.prefix}/{manifest.copy}"
    data = bucket.store.get(key)
    rows = folder.rows(other)
    for broken in (data[:-1], encode(rows, TELEMETRY), b""):
        bucket.store.put(key, broken)
        with pytest.raises(IntegrityError, match="the copy was changed"):
            folder.rows(manifest)
    bucket.store.delete([key])
    with pytest.raises(IntegrityError, match="the copy is gone"):
        folder.rows(manifest)


def test_rows_that_are_not_those_of_the_manifest_are_found(
    bucket: Bucket, folder: CopyFolder
) -> None:
    manifest = folder.manifests()[0]
    fewer = encode(folder.rows(manifest).slice(1), TELEMETRY)
    bucket.store.put(f"{folder.prefix}/{manifest.copy}", fewer)
    with pytest.raises(IntegrityError, match="its rows are not the manifest's"):
        folder.rows(msgspec.structs.replace(manifest, sha256=digest(fewer)))


def test_a_manifest_that_is_missing_or_is_none_is_found(bucket: Bucket, folder: CopyFolder) -> None:
    bucket.store.put(f"{folder.prefix}/00000001.json", b"{}")
    with pytest.raises(IntegrityError, match="not a manifest"):
        folder.manifests()
    bucket.store.delete([f"{folder.prefix}/00000000.json"])
    with pytest.raises(IntegrityError, match="a manifest is missing"):
        folder.manifests()
