"""Where a region's rows may lie: what analysts see, and what was put aside."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from jobs.holds.keeping import Keeper
from jobs.holds.open import keepers
from jobs.rewriting import Selection, Taken, take_out
from schemas.regions import Region
from schemas.settings import Settings
from storage.lake import Destination
from storage.places import open_lake, open_stores
from storage.store import ObjectStore

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Estate:
    """A region's places.

    Attributes:
        store: The region's bucket.
        tables: What analysts see.
        aside: The same tables in the restricted bucket; none where the region has no such bucket.
        keeper: Copies held rows before they go; None where the region has no hold bucket.
        clock: UTC.
    """

    store: ObjectStore
    tables: tuple[Destination, ...]
    aside: tuple[Destination, ...]
    keeper: Keeper | None
    clock: Clock

    @classmethod
    def open(
        cls, settings: Settings, environment: Mapping[str, str], region: Region, clock: Clock
    ) -> Self:
        """The places that the settings name; restricted tables that are not there yet are made."""
        store = open_stores(settings)[region]
        restricted = open_stores(settings, settings.restricted).get(region)
        aside = _tables(region, restricted, settings) if restricted else ()
        for destination in aside:
            destination.create()
        keeper = keepers(settings, environment).get(region)
        return cls(store, _tables(region, store, settings), aside, keeper, clock)

    @property
    def places(self) -> tuple[Destination, ...]:
        """Every one."""
        return (*self.aside, *self.tables)

    def erase(self, selections: Sequence[Selection], reason: str) -> Iterator[Taken]:
        """Take rows out of every place; what is held is copied before."""
        for destination in self.places:
            first = self.keeper.before(destination) if self.keeper else None
            for selection in selections:
                yield take_out(destination, selection, reason=reason, clock=self.clock, first=first)


def _tables(region: Region, store: ObjectStore, settings: Settings) -> tuple[Destination, ...]:
    lake = open_lake({region: store}, settings)
    return tuple(one for one in lake.values() if "device" in one.table.schema.names)
