"""Bytes under a name: what Fortnight needs of a place that keeps objects.

`ObjectStore` is the interface, `storage/directory.py` and `storage/s3/` implement it, and
`tests/contract/test_object_store.py` is what both must keep.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.errors import ConflictError, FatalError


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing says of an object, or of one of its versions.

    Attributes:
        key: Full object key, without a leading slash.
        size: Bytes; 0 for the marker that a delete leaves in a versioned bucket.
        modified: When it was put, UTC, by the store's clock.
        version: The version's name, where the store keeps versions.
    """

    key: str
    size: int
    modified: datetime
    version: str | None = None


class ObjectStore(Protocol):
    """A bucket, or a folder that behaves like one.

    Guarantees: a put is atomic (a reader sees all of the old bytes or all of the new), durable when
    it returns, and seen by every later call. Of several concurrent puts with `only_if_absent`
    exactly one succeeds. Every method may be called again after any error, and from any thread.

    Raises (every method):
        StoreUnavailableError: No answer, or a server error. The call may have been carried out.
        StoreThrottledError: The store asks to slow down; nothing was done.
        SettingsError: The bucket is not there, or these credentials may not do this.
    """

    @property
    def url(self) -> str:
        """Where the objects lie: `s3://bucket`, or an absolute folder; no slash at the end."""
        ...

    def lake_options(self) -> dict[str, str]:
        """What Delta readers must be given to open `url`; holds credentials, so never log it."""
        ...

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Make an object durable; the same bytes under the same key may be put any number of times.

        Returns:
            An etag, which changes whenever the bytes do.

        Raises:
            ConflictError: `only_if_absent`, and an object is there. It may be one's own, put by a
                call whose answer was lost: read it.
        """
        ...

    def get(self, key: str) -> bytes:
        """Read a whole object.

        Raises:
            KeyError: No such object.
            IntegrityError: The bytes that came are not those that were put.
        """
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`; fewer where the object ends before.

        Raises:
            KeyError: No such object.
            ValueError: `start` is not inside the object, or `length` is not positive.
        """
        ...

    def head(self, key: str) -> ObjectInfo | None:
        """What a listing would say of the object; None where there is none."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, by key. What is put meanwhile may miss."""
        ...

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version and delete marker of such objects; the objects where none are kept."""
        ...

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        """Remove objects; one that is not there is no error, so that deleting is idempotent.

        Args:
            keys: Object keys, any number.
            every_version: Remove every version and delete marker too, so that no bytes are left.
        """
        ...

    def abort_uploads(self, before: datetime) -> int:
        """Abort multipart uploads that began before an instant; how many."""
        ...


def check_conditional_puts(store: ObjectStore, prefix: str, *, contenders: int = 6) -> None:
    """Test that of several concurrent puts with `only_if_absent` exactly one wins.

    A store that ignores the condition lets two commits overwrite each other, so no worker may start
    on one. Leaves nothing behind, and may run any number of times at once under other prefixes.

    Raises:
        FatalError: The store does not honour the condition.
    """

    def contend(i: int) -> bool:
        try:
            store.put(key, b"%d" % i, only_if_absent=True)
        except ConflictError:
            return False
        return True

    key = f"{prefix}/conditional-put"
    store.delete([key], every_version=True)
    try:
        with ThreadPoolExecutor(contenders) as pool:
            winners = sum(pool.map(contend, range(contenders)))
    finally:
        store.delete([key], every_version=True)
    if winners != 1:
        raise FatalError(f"{store.url}: {winners} of {contenders} conditional puts won, not 1")
