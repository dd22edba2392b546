"""No row outlives its fortnight: drop what is due by its path's name, and delete its bytes.

A run drops what ends before the next one, so that a run every 15 minutes keeps the promise: no row
is held longer than 14 days, and none is dropped more than 75 minutes early (rows that came late,
25 hours), for `expires` is at most an hour (a day) before the row's own end.

A run may be killed anywhere and several may run at once: the commit is the decision, and whatever
is due and still lies in the bucket is deleted by the next run, whoever dropped it. Held rows go at
their hour, too: their copies are in the hold bucket by then (`jobs.holds.keeping`).
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.inventory import Inventory, delete, take_inventory
from jobs.oldest import Oldest, oldest
from schemas.errors import ConflictError
from schemas.retention import FORTNIGHT
from storage.lake import Destination
from storage.layout import LOG_FOLDER, DataPath
from storage.log import DataFile
from storage.preserved import preserved_in

PERIOD = timedelta(minutes=15)
"""A run starts at most this long after the one before (DESIGN section 5)."""

REASON = "expire"
"""What a commit says that dropped files for their age."""

Keep = Callable[[Destination, Sequence[DataFile]], int]
"""Makes copies of held rows in files that are about to be dropped; how many were made."""

_TRIES = 20
"""Of a commit that others refuse: they are appends and rewrites, and each try is 0.1 s."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does to a destination.

    Attributes:
        drop: Due files that the table consists of.
        delete: Everything that is due, also what an earlier run dropped and did not delete.
    """

    drop: tuple[DataFile, ...]
    delete: tuple[DataPath, ...]

    @property
    def left_over(self) -> tuple[DataPath, ...]:
        """Due objects that are not in the table."""
        dropped = {file.path for file in self.drop}
        return tuple(path for path in self.delete if path not in dropped)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did to a destination, and what it found.

    Attributes:
        dropped: Files that this run took out of the table.
        held: Rows of them that it copied before, for a hold is on them.
        oldest: Of what is not preserved; None where no row is left.
        strays: Object keys that nobody knows the end of.
    """

    plan: Plan
    dropped: int
    held: int
    oldest: Oldest | None
    strays: tuple[str, ...]

    def breaches(self, now: datetime) -> list[str]:
        """How the promise is broken, in words; empty when it is kept."""
        found = [f"{key}: nobody knows when it must be gone" for key in self.strays]
        if self.oldest and now - self.oldest.time > FORTNIGHT:
            found.append(f"a row of {self.oldest.time:%Y-%m-%dT%H:%M} is older than 14 days")
        return found


def plan(live: Iterable[DataFile], objects: Iterable[DataPath], now: datetime) -> Plan:
    """Decide by names alone.

    Args:
        live: The files that the table consists of.
        objects: The files that lie in the bucket.
        now: When the run started.
    """
    drop = tuple(sorted((one for one in live if _is_due(one.path, now)), key=lambda one: one.path))
    due = {path for path in objects if _is_due(path, now)} | {file.path for file in drop}
    return Plan(drop, tuple(sorted(due)))


def look(destination: Destination, now: datetime) -> tuple[Plan, Inventory]:
    """The plan for a destination as it is, and what lies there; but for what is preserved."""
    inventory = take_inventory(destination)
    kept = preserved_in(destination.store, destination.table.name)
    objects = inventory.objects.keys() - kept
    return plan(_without(destination.live(), kept), objects, now), inventory


def hold_nothing(destination: Destination, files: Sequence[DataFile]) -> int:
    """What is kept of due files where nobody can hold rows: nothing."""
    del destination, files
    return 0


def expire(destination: Destination, now: datetime, keep: Keep = hold_nothing) -> Report:
    """Drop and delete what is due, and clean the log; safe to repeat and to run beside itself.

    Args:
        now: UTC.
        keep: Called before files are dropped, be there none; nothing is where it fails.

    Raises:
        RetryableError: Something due may be left; the next run finds it.
    """
    held = 0
    for last in [False] * (_TRIES - 1) + [True]:
        decided, inventory = look(destination, now)
        try:
            held += keep(destination, decided.drop)
            dropped = _carry_out(decided, destination, now)
        except ConflictError:
            if last:
                raise
            continue
        break
    if _log_is_due(destination, now):
        destination.clean_log()
    kept = preserved_in(destination.store, destination.table.name)
    left = oldest(_without(destination.live(), kept))
    return Report(decided, dropped, held, left, inventory.strays)


def _without(files: Iterable[DataFile], kept: AbstractSet[DataPath]) -> list[DataFile]:
    return [file for file in files if file.path not in kept]


def _is_due(path: DataPath, now: datetime) -> bool:
    """Whether a file's hour comes before the next run."""
    return path.expires <= now + PERIOD


def _carry_out(decided: Plan, destination: Destination, now: datetime) -> int:
    """Drop in one commit, then delete; how many files this call dropped.

    Raises:
        ConflictError: The log refused the commit and nothing was deleted: plan again.
    """
    dropped = destination.drop(decided.drop, reason=REASON, now=now)
    live = {file.path for file in destination.live()}
    delete(destination, [path for path in decided.delete if path not in live])
    return dropped


def _log_is_due(destination: Destination, now: datetime) -> bool:
    """Whether the log's oldest object is older than the fortnight that entries are kept."""
    log = destination.store.list(f"{destination.table.name}/{LOG_FOLDER}/")
    first = next(iter(log), None)
    return first is not None and now - first.modified > FORTNIGHT
