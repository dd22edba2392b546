"""What `reconcile` proves of a lake that crashes made, and what it finds in one that is broken."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest
from support.sinks import CrashError, crash_at, flush, telemetry_lake
from support.wire import AMERICAN, GERMAN, NOBODY, NOW, pipeline, reading, registry, wire

from jobs.expire import expire
from jobs.reconcile import Report, reconcile
from schemas.batches import WireBatch
from schemas.errors import RetryableError
from schemas.lineage import Partition
from schemas.retention import FORTNIGHT, moment
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import decode, describe, encode

Lake = dict[str, Destination]

PARTITIONS = [Partition("fleet.telemetry", "AAAA", number) for number in range(2)]
HOUR = timedelta(hours=1)


def chunk(partition: Partition, first: int, n: int = 20) -> WireBatch:
    """Of five records two are the German's, one the American's, one nobody's, one is broken."""
    devices = [GERMAN, AMERICAN, GERMAN, NOBODY]
    values = [
        b"{" if i % 5 == 4 else reading(device=devices[i % 5], battery_level=i % 100)
        for i in range(first, first + n)
    ]
    return wire(values, first=first, partition=partition)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two partitions, flushed by workers that crash between any two commits."""
    made = telemetry_lake(tmp_path)
    path = pipeline(known=registry())
    steps = ["", "committed/eu", "compared/us", "committed/dead_letters", ""]
    for i, step in enumerate(steps):
        # each worker fetches from where the slowest destination stands, and a bit further
        start = 0 if not i else min(filter(None, _ends(made)))
        chunks = [chunk(partition, start, 20 + 7 * i) for partition in PARTITIONS]
        died = flush(made, path, chunks, step=crash_at(step))
        assert (died is None) == (not step) or isinstance(died, CrashError)
    return made


def _ends(lake: Lake) -> Iterator[int]:
    for destination in lake.values():
        found = destination.versions([one.application_id for one in PARTITIONS])
        yield from (last + 1 for last in found.values() if last is not None)


def prove(lake: Lake) -> Report:
    return reconcile(lake.values())


def words(report: Report) -> str:
    return "\n".join(map(str, report.breaches))


def test_after_crashes_between_commits_everything_is_proven(lake: Lake) -> None:
    report = prove(lake)
    assert not report.breaches
    total = next(_ends(lake))
    stored = {name: one.dataset().count_rows() for name, one in lake.items()}
    assert report.rows == sum(stored.values()) == 2 * total
    for line, partition in zip(report.lines, PARTITIONS, strict=True):
        assert line.partition == partition
        assert (line.first, line.last, line.ahead, line.records) == (0, total - 1, 0, total)
        assert line.endings["stored/us"] == sum(i % 5 == 1 for i in range(total))
        assert line.endings["rejected"] == sum(i % 5 in {3, 4} for i in range(total))
    splits = [
        [one.span for entry in lake[name].entries() if entry.receipt for one in entry.receipt.spans]
        for name in ("eu", "us")
    ]
    assert splits[0] != splits[1], "the crashes changed nothing"


def test_a_region_that_is_behind_is_no_breach_and_is_told(tmp_path: Path) -> None:
    made = telemetry_lake(tmp_path)
    path = pipeline(known=registry())
    flush(made, path, [chunk(PARTITIONS[0], 0)])
    died = flush(made, path, [chunk(PARTITIONS[0], 20)], step=crash_at("compared/us"))
    assert isinstance(died, CrashError)
    report = prove(made)
    assert not report.breaches
    assert (report.lines[0].last, report.lines[0].ahead) == (19, 20)


def test_what_expired_is_excused_by_the_log(lake: Lake) -> None:
    before = prove(lake)
    later = moment(NOW) + FORTNIGHT
    for destination in lake.values():
        expire(destination, later)
    # the expiry's commits say a time of today, hours before the files' hour
    report = reconcile(lake.values())
    assert report.rows == 0
    assert [line.endings for line in report.lines] == [line.endings for line in before.lines]
    assert {one.what for one in report.breaches} <= {"files were dropped before their hour"}


def test_a_file_that_the_log_names_and_nobody_finds_is_named(lake: Lake) -> None:
    file = lake["eu"].live()[0]
    lake["eu"].store.delete([object_key("telemetry", file.path)])
    assert f"telemetry in eu, {file.path}: the file is missing" in words(prove(lake))


def test_bytes_that_are_no_data_file_are_named(lake: Lake) -> None:
    file = lake["eu"].live()[0]
    lake["eu"].store.put(object_key("telemetry", file.path), b"x" * file.size)
    assert "the bytes are not those of a data file" in words(prove(lake))


def test_a_rewrite_that_brings_a_row_twice_is_found(lake: Lake) -> None:
    destination = lake["eu"]
    files = destination.live()
    rows = decode(destination.store.get(object_key("telemetry", files[0].path)))
    twice = rows.take([0, *range(rows.num_rows)])
    path = DataPath(files[0].path.date, files[0].path.expires, uuid4())
    data = encode(twice, destination.table)
    destination.store.put(object_key("telemetry", path), data)
    added = describe(twice, data, path, moment(NOW))
    destination.replace([files[0]], [added], reason="compact", now=moment(NOW))
    found = words(prove(lake))
    assert "compact changes the rows by 1" in found
    assert "1 positions are there twice" in found


def tamper(lake: Lake, name: str, change: Callable[[dict[str, object]], None]) -> None:
    """Change the receipt of a destination's last entry that has one."""
    destination = lake[name]
    entry = [one for one in destination.entries() if one.receipt][-1]
    key = f"{destination.table.name}/_delta_log/{entry.version:020}.json"
    lines = [json.loads(line) for line in destination.store.get(key).splitlines()]
    for line in lines:
        if "commitInfo" in line:
            receipt = json.loads(line["commitInfo"]["receipt"])
            change(receipt)
            line["commitInfo"]["receipt"] = json.dumps(receipt)
    destination.store.put(key, "\n".join(map(json.dumps, lines)).encode())


def test_a_receipt_that_was_changed_is_found(lake: Lake) -> None:
    def say_otherwise(receipt: dict[str, object]) -> None:
        outcomes = receipt["spans"][0]["outcomes"]  # type: ignore[index]
        outcomes["withheld/no consent"] = outcomes.pop("stored/us")

    tamper(lake, "eu", say_otherwise)
    assert "disagree: stored/us" in words(prove(lake))


def test_a_receipt_whose_counts_do_not_add_up_is_found(lake: Lake) -> None:
    def add_a_record(receipt: dict[str, object]) -> None:
        receipt["spans"][0]["records"] += 1  # type: ignore[index]

    tamper(lake, "eu", add_a_record)
    assert "outcomes do not sum" in words(prove(lake))


def test_a_row_in_two_regions_is_found(lake: Lake) -> None:
    eu, us = lake["eu"], lake["us"]
    file = us.live()[0]
    stranger = us.store.get(object_key("telemetry", file.path))
    eu.store.put(object_key("telemetry", file.path), stranger)
    eu.replace([eu.live()[0]], [file], reason="compact", now=moment(NOW))
    assert "are in telemetry in eu and in telemetry in us" in words(prove(lake))


def compact(destination: Destination) -> None:
    """Make one file of all that expire together, and delete them without grace."""
    files = destination.live()
    together = [file for file in files if file.path.expires == files[0].path.expires]
    keys = [object_key(destination.table.name, file.path) for file in together]
    try:
        rows = pa.concat_tables([decode(destination.store.get(key)) for key in keys])
        path = DataPath(files[0].path.date, files[0].path.expires, uuid4())
        data = encode(rows, destination.table)
        destination.store.put(object_key(destination.table.name, path), data)
        added = describe(rows, data, path, moment(NOW))
        destination.replace(together, [added], reason="compact", now=moment(NOW))
    except (RetryableError, KeyError):
        return
    destination.store.delete(keys)


def test_while_workers_and_rewriters_go_on_the_proof_holds(tmp_path: Path) -> None:
    made = telemetry_lake(tmp_path)
    path = pipeline(known=registry())
    flush(made, path, [chunk(partition, 0) for partition in PARTITIONS])

    def work() -> None:
        for first in range(20, 400, 20):
            chunks = [chunk(partition, first) for partition in PARTITIONS]
            assert flush(made, path, chunks) is None

    def rewrite(destination: Destination) -> int:
        rewrites = 0
        while not worker.done():
            compact(destination)
            rewrites += 1
            time.sleep(0.05)
        return rewrites

    with ThreadPoolExecutor(3) as pool:
        worker = pool.submit(work)
        rewriters = [pool.submit(rewrite, made[name]) for name in ("eu", "dead_letters")]
        proofs = 0
        while not worker.done():
            assert words(prove(made)) == ""
            proofs += 1
        worker.result()
        assert min(one.result() for one in rewriters) > 1
    assert proofs > 1
    assert prove(made).rows == 800
