"""The tables as folders, to be looked at when the demo's S3 is gone."""

from collections.abc import Mapping
from pathlib import Path

from schemas.regions import Region
from schemas.settings import PREFIX, Settings
from storage.directory import DirectoryStore
from storage.places import FOLDER
from storage.store import ObjectStore


def keep(stores: Mapping[Region, ObjectStore], settings: Settings, folder: Path) -> dict[str, str]:
    """Copy every object of every region into a folder of its own.

    Args:
        stores: Nobody may write to them meanwhile, or a log may name a file that was not copied.
        settings: Of the system.
        folder: Absolute; regions become folders in it.

    Returns:
        The settings, as variables, with which the copies are read.
    """
    for region, store in stores.items():
        copy = DirectoryStore(folder / region)
        for info in store.list():
            copy.put(info.key, store.get(info.key))
    places = [
        f"{place.region}={FOLDER}{folder / place.region}@{place.location}"
        for place in settings.regions
    ]
    return {PREFIX + "REGIONS": ",".join(places)}
