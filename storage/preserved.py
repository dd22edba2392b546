"""Which files' expiry is suspended, since their subject needs them for a claim of his own.

    _preserved/<table>/date=2026-11-21/expires=2026-12-05T14/<uuid>.parquet     in the same bucket

An empty object stands for a file of that path, so that expiry, which opens no file, knows it, and
so does whoever looks why bytes outlived the hour in their name.
"""

from collections.abc import Iterable

from storage.layout import DataPath, object_key, parse_object_key
from storage.store import ObjectStore

FOLDER = "_preserved"


def preserve(store: ObjectStore, table: str, paths: Iterable[DataPath]) -> None:
    """Suspend the expiry of files; safe to repeat."""
    for path in paths:
        store.put(_key(table, path), b"")


def preserved_in(store: ObjectStore, table: str) -> frozenset[DataPath]:
    """The files of a table whose expiry is suspended, whether they are there or not."""
    prefix = f"{FOLDER}/{table}/"
    keys = (info.key.removeprefix(f"{FOLDER}/") for info in store.list(prefix))
    return frozenset(parse_object_key(key)[1] for key in keys)


def let_go(store: ObjectStore, table: str, paths: Iterable[DataPath]) -> None:
    """Let files expire again; safe to repeat."""
    store.delete([_key(table, path) for path in paths], every_version=True)


def _key(table: str, path: DataPath) -> str:
    return f"{FOLDER}/{object_key(table, path)}"
