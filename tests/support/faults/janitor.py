"""`python -m support.faults.janitor SECONDS`: expire and sweep, again and again.

Expiry's clock is ahead, so that rows that came late are due at once; a sweep takes orphans that
are so many seconds old, and so does expiry: by the right clock nobody puts files that are due. Held
rows are copied before they go, restricted ones go too.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from support.faults.rig import wall_clock

from jobs.expire import Keep, Report, expire
from jobs.holds.open import keep_of, keepers
from jobs.rewriting.counted import CountedStore
from jobs.sweep import clock_of, sweep
from schemas.errors import RetryableError
from schemas.regions import Region
from schemas.settings import Settings
from storage.aside import is_made, restricted_tables
from storage.lake import Destination
from storage.places import open_lake, open_stores
from storage.store import ObjectInfo

AHEAD = timedelta(days=10)
"""Rows that came four days late, or later, are due by then; others are not."""

_PAUSE = 2.0


class Settled(CountedStore):
    """A store in which files are seen only when they are old enough to be orphans."""

    age: timedelta

    @classmethod
    def of(cls, destination: Destination, age: timedelta) -> Destination:
        """A table, as somebody sees it who looks into such a store."""
        store = cls(destination.store)
        store.age = age
        return Destination(destination.table, destination.region, store)

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """What is there and old enough."""
        horizon = wall_clock() - self.age
        return (one for one in super().list_versions(prefix) if one.modified <= horizon)


@dataclass(frozen=True, slots=True)
class Round:
    """Everything that is to be cleaned; handles are kept, for they know what they read."""

    tables: Sequence[Destination]
    aside: Sequence[Destination]
    keep: Mapping[Region, Keep]

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str], age: timedelta) -> Self:
        """What the settings name; `age` of what may be an orphan."""
        aside = [
            table
            for region, store in open_stores(settings, settings.restricted).items()
            for table in restricted_tables(region, store, settings)
        ]
        stores, holds = open_stores(settings), keepers(settings, environment)
        keep = {region: keep_of(region, stores[region], holds.get(region)) for region in stores}
        tables = open_lake(stores, settings).values()
        return cls([Settled.of(one, age) for one in tables], aside, keep)

    @property
    def places(self) -> list[Destination]:
        """Every table that there is."""
        return [*self.tables, *(one for one in self.aside if is_made(one))]

    def expire(self, destination: Destination) -> Report:
        """Drop what is due ten days from now."""
        return expire(destination, wall_clock() + AHEAD, self.keep[destination.region])

    def has_expired(self) -> bool:
        """Drop it everywhere; whether that was done, for a busy store may not answer."""
        try:
            for destination in self.places:
                self.expire(destination)
        except RetryableError:
            return False
        return True


def main() -> None:
    """Clean until ended."""
    age = timedelta(seconds=float(sys.argv[1]))
    environment = dict(os.environ)  # noqa: TID251 - the edge
    cleaning = Round.of(Settings.load(environment), environment, age)
    while True:
        for destination in cleaning.places:
            _clean(cleaning, destination, age)
        time.sleep(_PAUSE)


def _clean(cleaning: Round, destination: Destination, age: timedelta) -> None:
    try:
        report = cleaning.expire(destination)
        orphans = sweep(destination, age=age, now=clock_of(destination.store))
    except RetryableError as error:
        sys.stdout.write(f"{destination}: {type(error).__name__}, again in a while\n")
        return
    sys.stdout.write(f"{destination}: dropped {report.dropped}, swept {len(orphans)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
