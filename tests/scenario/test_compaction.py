"""Compaction that is killed, refused and overtaken: no row is lost, none is there twice."""

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from support.evidence.table_count import read_offsets
from support.faults.compaction import Load, compactor, destination_in
from support.faults.rig import wall_clock
from support.lake import Writer, empty
from support.rows import NOW

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.reconcile import reconcile
from jobs.sweep import GRACE, sweep
from schemas.errors import ConflictError
from schemas.retention import FORTNIGHT
from storage.directory import DirectoryStore
from storage.lake import Destination

KILLS = int(os.environ.get("COMPACT_KILLS", "50"))  # noqa: TID251 - the edge, as a command is
VICTIMS = 3
"""Compactors that run, and are killed, together."""
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=1)
LATE = timedelta(days=9)


def times(dice: random.Random, seconds: float) -> list[float]:
    """When to kill each of some victims, seconds from now."""
    return [dice.uniform(0, seconds) for _ in range(VICTIMS)]


def check(load: Load) -> int:
    """Compare an independent reader's rows with what was put in; how many."""
    snapshot, offsets = read_offsets(Path(load.folder, load.table))
    assert offsets == load.expected(snapshot.end, snapshot.erased, snapshot.expired)
    return len(offsets)


@pytest.mark.parametrize(
    ("table", "kills", "seconds"),
    [("telemetry", KILLS - KILLS // 4, 0.8), ("map_tiles", KILLS // 4, 2.5)],
)
def test_killed_at_any_moment_under_load_every_row_is_there_once(
    table: str, kills: int, seconds: float, tmp_path: Path
) -> None:
    dice = random.Random(table)  # noqa: S311 - chaos that can be repeated
    began = wall_clock().replace(minute=0, second=0, microsecond=0)
    load = Load(str(tmp_path), table, began)
    destination = destination_in(load.folder, table)
    destination.create()
    load.fill_first()
    other = compactor(load.folder, table, pause=0.5)  # a second one that nobody kills
    try:
        with load.going_on():
            for _ in range(-(-kills // VICTIMS)):
                victims = [compactor(load.folder, table) for _ in range(VICTIMS)]
                slept = 0.0
                for victim, at in zip(victims, sorted(times(dice, seconds)), strict=True):
                    time.sleep(at - slept)
                    victim.kill()
                    victim.join()
                    slept = at
                check(load)
    finally:
        other.kill()
        other.join()
    assert check(load) > 0
    reasons = [entry.reason for entry in destination.entries()]
    assert {"compact", "expire", "erase"} <= {*reasons}
    breaches = [breach.what for breach in reconcile([destination]).breaches]
    assert set(breaches) <= {"files were dropped before their hour"}
    orphans = sweep(destination, age=HOUR, now=began + 23 * HOUR)
    if table == "telemetry":  # tiles take long to pack: few kills hit between put and commit
        assert any(one.why == "no log entry names it" for one in orphans)
    left = {info.key for info in destination.store.list(f"{table}/date=")}
    assert left == {f"{table}/{file.path}" for file in destination.live()}
    assert check(load) > 0
    load.expire(destination, began + 26 * HOUR)
    assert check(load) == 0
    assert load.bucket.offsets() == sorted(load.held)  # whoever erased, expired or was refused


class Overtaken(DirectoryStore):
    """Somebody else does something whenever a compacted file was put."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.others: list[object] = []

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        etag = super().put(key, data, only_if_absent=only_if_absent)
        if "date=" in key and self.others:
            other = self.others.pop()
            assert callable(other)
            other()
        return etag


def rows_in(destination: Destination) -> list[int]:
    offsets: list[int] = destination.dataset().to_table(["offset"])["offset"].to_pylist()
    return sorted(offsets)


def test_a_compaction_that_another_one_overtakes_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Overtaken(tmp_path)
    destination = empty(store)
    writer = Writer(destination)
    writer.commit(*[writer.put(NOW + FORTNIGHT) for _ in range(4)])
    store.others = [lambda: compact(empty(tmp_path), lambda: LATER, LATE, Shard())]
    report = compact(destination, lambda: LATER, LATE, Shard())
    assert (report.tasks, report.refused) == ((), 1)
    (file,) = destination.live()
    assert (file.path.rewrites, rows_in(destination)) == (1, list(range(12)))
    there = {info.key for info in store.list("telemetry/date=")}
    assert len(there) == 5  # the file, and four that wait for the sweeper


def test_beside_a_sink_it_goes_on_and_beside_expiry_it_starts_again(tmp_path: Path) -> None:
    store = Overtaken(tmp_path)
    destination, other = empty(store), Writer(empty(tmp_path))
    other.commit(*[other.put(NOW + FORTNIGHT) for _ in range(2)])
    store.others = [lambda: other.commit(other.put(NOW + FORTNIGHT))]
    report = compact(destination, lambda: LATER, LATE, Shard())
    assert (len(report.tasks), report.refused, len(destination.live())) == (1, 0, 2)
    store.others = [lambda: expire(empty(tmp_path), NOW + FORTNIGHT)]
    report = compact(destination, lambda: LATER, LATE, Shard())
    assert (report.tasks, report.refused) == ((), 1)
    assert destination.live() == []


def test_a_folder_in_which_others_never_rest_is_left_to_the_next_run(tmp_path: Path) -> None:
    store = Overtaken(tmp_path)
    destination, other = empty(store), Writer(empty(tmp_path))
    other.commit(*[other.put(NOW + FORTNIGHT) for _ in range(2)])

    def rewrite_one() -> None:
        new = other.put(NOW + FORTNIGHT)
        gone = other.destination.live()[0]
        other.destination.replace([gone], [new], reason="correct", now=NOW)

    store.others = [rewrite_one] * 9
    with pytest.raises(ConflictError):
        compact(destination, lambda: LATER, LATE, Shard())
    assert len(destination.live()) == 2


def test_a_file_that_was_swept_before_its_commit_is_put_again(tmp_path: Path) -> None:
    store = Overtaken(tmp_path)
    destination = empty(store)
    writer = Writer(destination)
    writer.commit(*[writer.put(NOW + FORTNIGHT) for _ in range(3)])

    def sweep_all() -> None:
        now = wall_clock() + HOUR
        assert len(sweep(empty(tmp_path), age=timedelta(0), now=now)) == 1

    store.others = [sweep_all]
    compact(destination, lambda: LATER, LATE, Shard())
    assert rows_in(destination) == list(range(9))


def test_queries_may_finish_for_ten_minutes(tmp_path: Path) -> None:
    destination = empty(tmp_path)
    writer = Writer(destination)
    writer.commit(*[writer.put(NOW + FORTNIGHT) for _ in range(3)])
    query = destination.dataset()
    compact(destination, lambda: LATER, LATE, Shard())
    now = wall_clock()
    sweep(destination, age=timedelta(days=1), now=now + GRACE - timedelta(minutes=1))
    assert query.to_table(["offset"]).num_rows == 9
    sweep(destination, age=timedelta(days=1), now=now + GRACE + timedelta(minutes=1))
    assert len(list(destination.store.list("telemetry/date="))) == 1


def test_machines_that_share_the_work_meet_nowhere(tmp_path: Path) -> None:
    writer = Writer(empty(tmp_path))
    for hour in range(6):
        writer.commit(*[writer.put(NOW + FORTNIGHT - hour * HOUR) for _ in range(3)])

    def run(number: int) -> int:
        report = compact(empty(tmp_path), lambda: LATER, LATE, Shard(number, 3))
        assert report.refused == 0
        return len(report.tasks)

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, (1, 2, 3))) == 6
    assert len(writer.destination.live()) == 6
    assert rows_in(writer.destination) == list(range(54))
