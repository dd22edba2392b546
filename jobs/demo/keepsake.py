"""The tables as folders, to be looked at when the demo's S3 is gone."""

from pathlib import Path

from schemas.settings import PREFIX, Settings
from storage.directory import DirectoryStore
from storage.places import FOLDER, open_stores


def keep(settings: Settings, folder: Path) -> dict[str, str]:
    """Copy every object of every region, of what is restricted, and of what is held.

    Nobody may write to them meanwhile, or a log may name a file that was not copied.

    Args:
        settings: Of the system.
        folder: Absolute; each bucket becomes a folder in it.

    Returns:
        The settings, as variables, with which the copies are read.
    """
    variables = {}
    for name in ("regions", "restricted", "holds"):
        places = getattr(settings, name)
        for region, store in open_stores(settings, places).items():
            copy = DirectoryStore(_home(folder, name, region))
            for info in store.list():
                copy.put(info.key, store.get(info.key))
        kept = [
            f"{place.region}={FOLDER}{_home(folder, name, place.region)}@{place.location}"
            for place in places
        ]
        variables[PREFIX + name.upper()] = ",".join(kept)
    return variables


def _home(folder: Path, name: str, region: str) -> Path:
    return folder / (region if name == "regions" else f"{region}-{name}")
