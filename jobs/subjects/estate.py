"""Where a region's rows may lie: what analysts see, and what was put aside."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from jobs.holds.keeping import Keeper
from jobs.holds.open import keepers
from jobs.inventory import take_inventory
from jobs.rewriting import First, Search, Selection, Taken, take_out_found
from jobs.rewriting.selection import DEVICE
from schemas.errors import SettingsError
from schemas.regions import Region
from schemas.settings import PREFIX, Settings
from storage.aside import is_made, restricted_tables
from storage.lake import Destination
from storage.places import open_lake, open_stores
from storage.preserved import let_go, preserved_in
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
        cls,
        settings: Settings,
        environment: Mapping[str, str],
        region: Region,
        clock: Clock,
        *,
        make: bool = True,
    ) -> Self:
        """The places that the settings name.

        Args:
            make: Restricted tables that are not there yet are made; else they are left out.
        """
        store = open_stores(settings)[region]
        apart = open_stores(settings, settings.restricted).get(region)
        tables = open_lake({region: store}, settings).values()
        aside = restricted_tables(region, apart, settings) if apart else []
        if make:
            for destination in aside:
                destination.create()
        else:
            aside = [one for one in aside if is_made(one)]
        keeper = keepers(settings, environment).get(region)
        return cls(store, _of_devices(tables), _of_devices(aside), keeper, clock)

    @property
    def places(self) -> tuple[Destination, ...]:
        """Every one."""
        return (*self.aside, *self.tables)

    @property
    def pairs(self) -> Iterator[tuple[Destination, Destination]]:
        """Each table, and the one that its restricted rows are put into.

        Raises:
            SettingsError: There is no restricted bucket.
        """
        if not self.aside:
            raise SettingsError(f"{PREFIX}RESTRICTED: names no bucket for this region")
        return zip(self.tables, self.aside, strict=True)

    def before(self, destination: Destination) -> First | None:
        """What is done with rows before they go for good."""
        return self.keeper.before(destination) if self.keeper else None

    def tidy(self) -> None:
        """Forget of rows that are gone that they were not to expire."""
        for destination in self.aside:
            store, name = destination.store, destination.table.name
            kept = preserved_in(store, name)  # first: a file comes between its mark and its commit
            let_go(store, name, kept - take_inventory(destination).objects.keys())

    def searches(self, selections: Iterable[Selection]) -> list[Search]:
        """A search of every place for each selection."""
        return [Search(place, one) for one in selections for place in self.places]

    def erase(self, searches: Iterable[Search], reason: str) -> Iterator[Taken]:
        """Take out what searches find; what is held is copied before."""
        for search in searches:
            first = self.before(search.destination)
            yield take_out_found(search, reason=reason, clock=self.clock, first=first)


def _of_devices(tables: Iterable[Destination]) -> tuple[Destination, ...]:
    return tuple(one for one in tables if DEVICE in one.table.schema.names)
