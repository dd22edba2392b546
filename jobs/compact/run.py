"""Compact a destination: plan, rewrite, commit; again where somebody else was first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from zlib import crc32

from jobs.compact.horizon import Horizon, read_horizon
from jobs.compact.plan import Folder, Task, folder_of, plan
from jobs.compact.rewrite import rewrite
from jobs.rewriting.written import PUT_AGAIN, commit, delete, put, put_lost
from schemas.errors import ConflictError, SettingsError
from schemas.tables import MAP_TILES
from storage.lake import Destination
from storage.log import DataFile

REASON = "compact"
"""What a commit says that made few files of many."""

Clock = Callable[[], datetime]

_TRIES = 5
"""Of a folder in which others take files away; the next run goes on."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One machine's share of the folders of all tables.

    Attributes:
        number: From 1.
        count: Of machines.
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2/3`.

        Raises:
            SettingsError: It is not a share.
        """
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise SettingsError("--shard: as in 2/3, the second of three")
        return cls(int(number), int(count))

    def has(self, destination: Destination, task: Task) -> bool:
        """Whether a task is this machine's."""
        place = task.place.partition
        text = f"{destination}/{place['date']}/{place['expires']}"
        return crc32(text.encode()) % self.count == self.number - 1


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did to a destination.

    Attributes:
        tasks: Those that were carried out.
        files: That stand for the tasks' files now.
        size: Their bytes.
        refused: Commits that the log refused, because files were gone.
    """

    tasks: tuple[Task, ...]
    files: int
    size: int
    refused: int


def look(
    destination: Destination, now: datetime, late_window: timedelta, shard: Shard
) -> list[Task]:
    """What a run would do."""
    horizon = read_horizon(destination, now, late_window)
    return _plan(destination, horizon, shard)


def compact(destination: Destination, clock: Clock, late_window: timedelta, shard: Shard) -> Report:
    """Compact what is worth it; safe to repeat, to kill, and to run beside anything.

    Args:
        clock: UTC, by this machine.

    Raises:
        RetryableError: Something is left to do; what was committed is right.
    """
    horizon = read_horizon(destination, clock(), late_window)
    done: list[Task] = []
    files = size = refused = 0
    waiting = _plan(destination, horizon, shard)
    tries = dict.fromkeys({_folder(task) for task in waiting}, _TRIES)
    while waiting:
        task = waiting.pop(0)
        try:
            new = _carry_out(destination, task, clock)
        except ConflictError:
            refused += 1
            tries[_folder(task)] -= 1
            if not tries[_folder(task)]:
                raise
            waiting = _planned_again(destination, horizon, task, waiting)
            continue
        done.append(task)
        files += len(new)
        size += sum(one.size for one in new)
    if done:
        destination.checkpoint()
    return Report(tuple(done), files, size, refused)


def _plan(destination: Destination, horizon: Horizon, shard: Shard) -> list[Task]:
    tasks = plan(destination.live(), horizon, tiers=destination.table is MAP_TILES)
    return [task for task in tasks if shard.has(destination, task)]


def _planned_again(
    destination: Destination, horizon: Horizon, refused: Task, waiting: Sequence[Task]
) -> list[Task]:
    """The folder of a refused task from what is there now; the others as they were."""
    live = [file for file in destination.live() if folder_of(file) == _folder(refused)]
    again = plan(live, horizon, tiers=destination.table is MAP_TILES)
    return again + [task for task in waiting if _folder(task) != _folder(refused)]


def _folder(task: Task) -> Folder:
    return folder_of(task.files[0])


def _carry_out(destination: Destination, task: Task, clock: Clock) -> list[DataFile]:
    """Rewrite and commit one task; the new files.

    Raises:
        ConflictError: Nothing was committed, for a file is gone.
    """
    begun = clock()
    written = rewrite(destination, task, begun)
    files = [one.file for one in written]
    try:
        if clock() - begun > PUT_AGAIN:
            put(destination, written)
        commit(destination, task.files, files, reason=REASON, now=clock())
    except ConflictError:
        delete(destination, files)
        raise
    by_path = {one.file.path: one for one in written}
    put_lost(destination, files, lambda file: put(destination, [by_path[file.path]]))
    return files
