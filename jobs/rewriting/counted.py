"""A store that counts what is asked of it, so that a search can say what it cost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from storage.store import ObjectInfo, ObjectStore


@dataclass(slots=True)
class Cost:
    """What was asked of a store; a listing counts as one request, and so does a deletion.

    Attributes:
        read: Bytes that came back.
        written: Bytes that were put.
    """

    requests: int = 0
    read: int = 0
    written: int = 0


class CountedStore:
    """An `ObjectStore` that does what another one does, and counts; see there.

    What the table's log asks goes by its own way, and is not counted.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.cost = Cost()
        self._store = store
        self._lock = Lock()

    @property
    def url(self) -> str:
        """Where the objects lie."""
        return self._store.url

    def lake_options(self) -> dict[str, str]:
        """What Delta readers must be given; never to be logged."""
        return self._store.lake_options()

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Make an object durable."""
        self._add(written=len(data))
        return self._store.put(key, data, only_if_absent=only_if_absent)

    def get(self, key: str) -> bytes:
        """Read a whole object."""
        data = self._store.get(key)
        self._add(read=len(data))
        return data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""
        data = self._store.get_range(key, start, length)
        self._add(read=len(data))
        return data

    def head(self, key: str) -> ObjectInfo | None:
        """What a listing would say of the object."""
        self._add()
        return self._store.head(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`."""
        self._add()
        return self._store.list(prefix)

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version and delete marker of such objects."""
        self._add()
        return self._store.list_versions(prefix)

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        """Remove objects."""
        self._add()
        self._store.delete(keys, every_version=every_version)

    def abort_uploads(self, before: datetime) -> int:
        """Abort multipart uploads that began before."""
        self._add()
        return self._store.abort_uploads(before)

    def _add(self, *, read: int = 0, written: int = 0) -> None:
        with self._lock:
            self.cost.requests += 1
            self.cost.read += read
            self.cost.written += written
