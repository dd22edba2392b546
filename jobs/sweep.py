"""Orphans: files that were put and never committed, or taken away and never deleted.

A worker may sleep between its put and its commit for any time, so an orphan stays for 24 hours by
the store's clock (SINK rule 6), unless its path's hour has come. What a rewrite took away stays for
10 minutes, so that running queries finish; what expiry, erasure, a correction or a restriction took
away does not stay at all.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from jobs.inventory import delete, take_inventory
from schemas.errors import StoreUnavailableError
from storage.lake import Destination
from storage.layout import DataPath
from storage.log import entry_times
from storage.store import ObjectInfo, ObjectStore

GRACE = timedelta(minutes=10)
"""How long a query may still read what a rewrite took away (DESIGN section 9)."""

AT_ONCE = frozenset({"correct", "erase", "expire", "restrict"})
"""Reasons after which bytes are deleted with the commit; what is left, its run left behind."""


@dataclass(frozen=True, slots=True)
class Removal:
    """A commit that took a file away.

    Attributes:
        time: When its entry was put, by the store's clock.
    """

    reason: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """What the log says of files.

    Attributes:
        live: Those that the table consists of.
        removed: Those that were taken away, as far back as an orphan's age.
    """

    live: AbstractSet[DataPath]
    removed: Mapping[DataPath, Removal]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file to be deleted, and why."""

    path: DataPath
    info: ObjectInfo
    why: str


def plan(
    objects: Mapping[DataPath, ObjectInfo], named: Named, *, age: timedelta, now: datetime
) -> list[Orphan]:
    """Decide which objects go; never a live one.

    Args:
        objects: Listed before the log was read, so that what is committed meanwhile is known.
        named: What the log says.
        age: How long a file may wait for its commit.
        now: By the store's clock.
    """
    return [
        Orphan(path, objects[path], why)
        for path in sorted(objects.keys() - named.live)
        if (why := _why(path, objects[path], named.removed.get(path), age=age, now=now))
    ]


def look(destination: Destination, *, age: timedelta, now: datetime) -> list[Orphan]:
    """The plan for a destination as it is."""
    objects = take_inventory(destination).objects
    live = {file.path for file in destination.live()}
    if objects.keys() <= live:
        return []
    return plan(objects, _read_log(destination, live, since=now - age), age=age, now=now)


def sweep(destination: Destination, *, age: timedelta, now: datetime) -> list[Orphan]:
    """Delete the orphans; safe to repeat, to run beside itself, and to kill.

    Raises:
        RetryableError: Some are left; the next run finds them.
    """
    orphans = look(destination, age=age, now=now)
    delete(destination, [orphan.path for orphan in orphans])
    return orphans


def clock_of(store: ObjectStore) -> datetime:
    """The time by the store's clock; puts an object and deletes it.

    Raises:
        StoreUnavailableError: It cannot be told.
    """
    key = f"clock/{uuid4().hex}"
    try:
        store.put(key, b"")
        info = store.head(key)
    finally:
        store.delete([key], every_version=True)
    if info is None:
        raise StoreUnavailableError(f"{store.url}: what was put is not there")
    return info.modified


def _why(
    path: DataPath, info: ObjectInfo, removal: Removal | None, *, age: timedelta, now: datetime
) -> str:
    if path.expires <= now:
        return "its hour has come"
    if removal is None:
        return "no log entry names it" if info.modified + age <= now else ""
    if removal.reason in AT_ONCE:
        return f"left behind by {removal.reason}"
    return f"removed by {removal.reason}" if removal.time + GRACE <= now else ""


def _read_log(destination: Destination, live: AbstractSet[DataPath], *, since: datetime) -> Named:
    """What the entries since then say; read after `live`, so that nothing falls in between."""
    times = entry_times(destination.store, destination.table.name)
    earlier = [version for version, time in times.items() if time < since]
    added: set[DataPath] = set()
    removed: dict[DataPath, Removal] = {}
    for entry in destination.entries(max(earlier, default=-1)):
        added |= {file.path for file in entry.added}
        time = times.get(entry.version, entry.time)
        removed |= dict.fromkeys(entry.removed, Removal(entry.reason, time))
    return Named(live | (added - removed.keys()), removed)
