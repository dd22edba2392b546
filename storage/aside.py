"""The tables of restricted buckets: what was put aside, where no analyst reaches it."""

from schemas.regions import Region
from schemas.settings import Settings
from storage.lake import Destination
from storage.layout import LOG_FOLDER
from storage.places import open_stores, tables_in
from storage.store import ObjectStore


def restricted_tables(region: Region, store: ObjectStore, settings: Settings) -> list[Destination]:
    """The tables of a restricted bucket, whether they are there yet or not."""
    return [
        Destination(table, region, store, what="restricted")
        for table in tables_in(region, settings)
    ]


def open_restricted(settings: Settings) -> list[Destination]:
    """The tables of every restricted bucket; those that were made, by the first restriction."""
    stores = open_stores(settings, settings.restricted)
    tables = [
        one
        for region, store in stores.items()
        for one in restricted_tables(region, store, settings)
    ]
    return [one for one in tables if is_made(one)]


def is_made(table: Destination) -> bool:
    """Whether a table is there: the first restriction makes those of its region."""
    return any(table.store.list(f"{table.table.name}/{LOG_FOLDER}/"))
