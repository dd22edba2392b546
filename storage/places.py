"""From settings to places: each region's store, and the tables that it holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.errors import PolicyError, SettingsError
from schemas.regions import Region, Residency
from schemas.settings import PREFIX, RegionSettings, Settings
from schemas.tables import DEAD_LETTERS, TABLES, Table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.s3 import S3Location, S3Store
from storage.store import ObjectStore

FOLDER = "file:"
"""A bucket that begins so is a folder: a copy to be read, for S3 alone says where it is."""


def location_of(place: RegionSettings, settings: Settings) -> S3Location:
    """Where a region's bucket is; credentials come from AWS's own chain."""
    return S3Location(place.bucket, place.location, settings.s3_endpoint)


def check_promises(settings: Settings, residency: Residency) -> None:
    """Test that the settings put every region where its rows are promised to be.

    Raises:
        PolicyError: A region's bucket would be elsewhere.
    """
    for place in (*settings.regions, *settings.restricted, *settings.holds):
        promised = residency.locations.get(place.region, place.location)
        if place.location != promised:
            raise PolicyError(
                f"{PREFIX}REGIONS, _RESTRICTED, _HOLDS: bucket {place.bucket} of {place.region} "
                f"is said to be in {place.location}, and must be in {promised}"
            )


def open_stores(
    settings: Settings, places: Sequence[RegionSettings] | None = None
) -> dict[Region, ObjectStore]:
    """The store of each region.

    Args:
        places: `settings.restricted` or `settings.holds`; None for the regions that are served.
    """
    chosen = settings.regions if places is None else places
    return {place.region: _open(place, settings) for place in chosen}


def open_anchors(region: Region, settings: Settings) -> ObjectStore:
    """Where the anchors of a region's ledger are.

    Raises:
        SettingsError: The settings name a place for others, and none for this one.
    """
    if not settings.anchors:
        return DirectoryStore(Path(f"{settings.keyring}.anchors"))
    for place in settings.anchors:
        if place.region == region:
            return _open(place, settings)
    raise SettingsError(f"{PREFIX}ANCHORS: none is named for region {region}")


def tables_in(region: Region, settings: Settings) -> list[Table]:
    """The tables that a region holds: dead letters are in the home region only."""
    return [
        table
        for table in TABLES.values()
        if table is not DEAD_LETTERS or region == settings.home_region
    ]


def open_lake(
    stores: Mapping[Region, ObjectStore], settings: Settings
) -> dict[tuple[str, Region], Destination]:
    """Every destination, by table's name and region."""
    return {
        (table.name, region): Destination(table, region, store)
        for region, store in stores.items()
        for table in tables_in(region, settings)
    }


def _open(place: RegionSettings, settings: Settings) -> ObjectStore:
    if place.bucket.startswith(FOLDER):
        return DirectoryStore(Path(place.bucket.removeprefix(FOLDER)))
    return S3Store(location_of(place, settings))
