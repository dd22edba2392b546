"""Compaction that is killed, refused and overtaken: no row is lost, none is there twice."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from support.evidence.table_count import read_offsets
from support.faults.compaction import HOLD, LEAVING, Load, compactors, destination_in
from support.faults.rig import wall_clock
from support.lake import Writer, empty
from support.rows import NOW
from support.verified.crowd import Crowd
from support.verified.house import QIHOO, SMAROCK
from support.verified.planting import both, by

from jobs.compact import Shard, compact
from jobs.expire import expire
from jobs.reconcile import reconcile
from jobs.sweep import GRACE, look, sweep
from jobs.verify import verify
from jobs.verify.verdict import SHOWN
from schemas.errors import ConflictError
from schemas.retention import FORTNIGHT
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key

KILLS = int(os.environ.get("COMPACT_KILLS", "50"))  # noqa: TID251 - the edge, as a command is
VICTIMS = 3
"""Compactors that run, and are killed, together."""
ALSO_LEAVING = 1
"""Of the robots that send to the end."""
GONE = {
    "telemetry": by(SMAROCK, "right-erase", "right-cancel"),
    "map_tiles": by(QIHOO, "account-permanent"),
}
"""Promises that say of each table's robots that rows go with their owner."""
IN_TIME = both("fortnight", "two-weeks")
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


def broken(crowd: Crowd, now: datetime) -> set[tuple[str, str]]:
    """Look into every file: (promise that is broken, where)."""
    outcome = verify(crowd.scene(now, hold=HOLD))
    return {
        (judged.promise.name, finding.place)
        for judged in outcome.broken
        for look in judged.looks
        for finding in look.findings
    }


def tells(found: set[tuple[str, str]], promises: Collection[str], places: set[str]) -> bool:
    """Whether each promise is broken at these places: at all, or at as many as verify shows."""
    told = Counter(name for name, _ in found)
    least = min(len(places), SHOWN)
    return found <= {*product(promises, places)} and all(told[one] >= least for one in promises)


def lying_in(load: Load, robot: int | None = None) -> set[str]:
    """Every data file that is there, or that has rows of a robot, by an independent reader."""
    found = sorted(Path(load.folder, load.table).rglob("date=*/*/*.parquet"))
    mine = found if robot is None else [one for one in found if has_rows(one, load, robot)]
    return {place_of(load, one) for one in mine}


def place_of(load: Load, path: Path | DataPath) -> str:
    """As verify names it."""
    return f"file:{Path(load.folder, load.table, str(path))}"


def has_rows(file: Path, load: Load, robot: int) -> bool:
    name = load.crowd.name(robot)
    return name in set(pl.read_parquet(file, columns=["device"])["device"].to_list())


@pytest.mark.parametrize(
    ("table", "kills", "seconds"),
    [("telemetry", KILLS - KILLS // 4, 0.8), ("map_tiles", KILLS // 4, 2.5)],
)
def test_killed_at_any_moment_under_load_every_row_is_there_once_and_no_promise_breaks(
    table: str, kills: int, seconds: float, tmp_path: Path
) -> None:
    dice = random.Random(table)  # noqa: S311 - chaos that can be repeated
    load = Load.build(tmp_path, table)
    rounds = -(-kills // VICTIMS)

    def kill_some() -> None:
        victims = compactors(load.folder, table, VICTIMS)
        slept = 0.0
        for victim, at in zip(victims, sorted(times(dice, seconds)), strict=True):
            time.sleep(at - slept)
            victim.kill()
            victim.join()
            slept = at
        check(load)

    with load.going_on():
        kill_some()
        load.has_left()  # a robot's owner, whose rows no compactor that is alive has seen
        (other,) = compactors(load.folder, table, pause=0.5)  # a second one that nobody kills
        try:
            for number in range(1, rounds):
                kill_some()
                if number == rounds // 2:
                    assert broken(load.crowd.without(LEAVING), load.crowd.began) == set()
        finally:
            other.kill()
            other.join()
    assert_the_log_tells_all(load)
    assert_nothing_is_left_behind(load)
    assert_an_erasure_is_looked_through(load)
    assert_no_byte_outlives_its_hour(load)


def assert_the_log_tells_all(load: Load) -> None:
    destination = destination_in(load.folder, load.table)
    assert check(load) > 0
    reasons = [entry.reason for entry in destination.entries()]
    assert {"compact", "expire", "erase"} <= {*reasons}
    breaches = [breach.what for breach in reconcile([destination]).breaches]
    assert set(breaches) <= {"files were dropped before their hour"}
    if load.table == "telemetry":  # tiles take long to pack: few kills hit between put and commit
        orphans = look(destination, age=HOUR, now=load.crowd.began + 23 * HOUR)
        assert any(one.why == "no log entry names it" for one in orphans)


def assert_nothing_is_left_behind(load: Load) -> None:
    destination = destination_in(load.folder, load.table)
    compact(destination, wall_clock, LATE, Shard())
    sweep(destination, age=HOUR, now=load.crowd.began + 23 * HOUR)
    assert lying_in(load) == {place_of(load, file.path) for file in destination.live()}
    assert check(load) > 0


def assert_an_erasure_is_looked_through(load: Load) -> None:
    """Of a robot whose rows lie in a compacted file, and in that of a compactor that was killed."""
    destination, began = destination_in(load.folder, load.table), load.crowd.began
    erased = load.crowd.without(LEAVING).without(ALSO_LEAVING)
    orphan = killed_before_its_commit(load)()
    places = lying_in(load, ALSO_LEAVING)
    compacted = {place_of(load, one.path) for one in destination.live() if one.path.rewrites}
    assert orphan in places
    assert compacted & places
    assert tells(broken(erased, began), GONE[load.table], places)
    load.erase(destination, load.all_of(ALSO_LEAVING))
    assert broken(erased, began) == {*product(GONE[load.table], [orphan])}
    load.search_for(ALSO_LEAVING)
    assert broken(erased, began) == set()
    assert check(load) > 0


def assert_no_byte_outlives_its_hour(load: Load) -> None:
    """But what is held; a compactor slept while expiry ran, and is killed before its commit."""
    destination, end = destination_in(load.folder, load.table), load.crowd.began + 26 * HOUR
    erased = load.crowd.without(LEAVING).without(ALSO_LEAVING)
    put = killed_before_its_commit(load)
    load.expire(destination, end)
    assert check(load) == 0
    orphan = put()
    assert broken(erased, end) == {*product(IN_TIME, [orphan])}
    sweep(destination, age=24 * HOUR, now=end)
    assert broken(erased, end) == set()
    assert load.crowd.holds.offsets(HOLD) == sorted(load.writer.held)


def killed_before_its_commit(load: Load) -> Callable[[], str]:
    """A compactor that has read a file; called, it puts the new one, and is killed; its place."""
    destination = destination_in(load.folder, load.table)
    some = next(one.path for one in destination.live() if one.path.rewrites)
    data, new = destination.store.get(object_key(load.table, some)), some.compacted(1)

    def put() -> str:
        destination.store.put(object_key(load.table, new), data)
        return place_of(load, new)

    return put


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
