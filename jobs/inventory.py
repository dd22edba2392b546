"""What lies in a destination's folder, whether its log names it or not."""

from collections.abc import Mapping
from dataclasses import dataclass

from storage.lake import Destination
from storage.layout import DataPath, object_key, parse_object_key
from storage.store import ObjectInfo


@dataclass(frozen=True, slots=True)
class Inventory:
    """The objects of a table in a region, its log apart.

    Attributes:
        objects: Each data file; in a versioned bucket its newest version, or the marker of its
            deletion while older versions are left.
        strays: Object keys that are no data file's: nobody knows when they have to be gone.
    """

    objects: Mapping[DataPath, ObjectInfo]
    strays: tuple[str, ...] = ()


def take_inventory(destination: Destination) -> Inventory:
    """List a destination's folder. What is put meanwhile may miss."""
    objects: dict[DataPath, ObjectInfo] = {}
    strays = set()
    for info in destination.store.list_versions(f"{destination.table.name}/date="):
        try:
            _, path = parse_object_key(info.key)
        except ValueError:
            strays.add(info.key)
            continue
        if path not in objects or objects[path].modified < info.modified:
            objects[path] = info
    return Inventory(objects, tuple(sorted(strays)))


def delete(destination: Destination, paths: list[DataPath]) -> None:
    """Remove data files' bytes, every version of them; idempotent."""
    keys = [object_key(destination.table.name, path) for path in paths]
    destination.store.delete(keys, every_version=True)
