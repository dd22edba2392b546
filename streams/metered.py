"""A store whose requests are counted and timed."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from schemas.errors import ConflictError, FortnightError
from schemas.metrics import STORE_ERRORS, STORE_REQUESTS, STORE_SECONDS, Metric
from schemas.regions import Region
from storage.store import ObjectInfo, ObjectStore
from streams.monitoring import Meter


class MeteredStore:
    """An `ObjectStore` that does what another one does, and counts; see there.

    A listing counts as one request, and a conditional put that meets an object as no error.
    """

    def __init__(self, store: ObjectStore, region: Region, meter: Meter) -> None:
        self._store = store
        self._region = region
        self._meter = meter

    @property
    def url(self) -> str:
        """Where the objects lie."""
        return self._store.url

    def lake_options(self) -> dict[str, str]:
        """What Delta readers must be given; never to be logged."""
        return self._store.lake_options()

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Make an object durable."""
        with self._counted("put"):
            return self._store.put(key, data, only_if_absent=only_if_absent)

    def get(self, key: str) -> bytes:
        """Read a whole object."""
        with self._counted("get"):
            return self._store.get(key)

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read a part of an object."""
        with self._counted("get"):
            return self._store.get_range(key, start, length)

    def head(self, key: str) -> ObjectInfo | None:
        """What a listing would say of the object."""
        with self._counted("head"):
            return self._store.head(key)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`."""
        with self._counted("list"):
            found = list(self._store.list(prefix))
        return iter(found)

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version of such objects."""
        with self._counted("list"):
            found = list(self._store.list_versions(prefix))
        return iter(found)

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        """Remove objects."""
        with self._counted("delete"):
            self._store.delete(keys, every_version=every_version)

    def abort_uploads(self, before: datetime) -> int:
        """Abort multipart uploads."""
        with self._counted("list"):
            return self._store.abort_uploads(before)

    @contextmanager
    def _counted(self, operation: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except ConflictError:
            raise
        except FortnightError:
            self._add(STORE_ERRORS, 1, operation)
            raise
        finally:
            self._add(STORE_REQUESTS, 1, operation)
            self._add(STORE_SECONDS, time.monotonic() - began, operation)

    def _add(self, metric: Metric, amount: float, operation: str) -> None:
        self._meter.add(metric, amount, region=self._region, operation=operation)
