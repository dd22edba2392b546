"""A folder that behaves like a bucket without versions; tests, and embedded use."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import uuid4

from schemas.errors import ConflictError, SettingsError, StoreUnavailableError
from storage.store import ObjectInfo

_INCOMING = ".incoming"
_TRIES = 100
"""A folder may be pruned between its making and a put into it, this often in a row."""


class DirectoryStore:
    """An `ObjectStore` in a folder; an object is a file, published by an atomic link or rename."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def url(self) -> str:
        """The absolute folder."""
        return str(self._root)

    def lake_options(self) -> dict[str, str]:
        """A folder needs none."""
        return {}

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Write the bytes beside, then link or rename them into place."""
        path = self._path(key)
        incoming = self._root / _INCOMING / uuid4().hex
        with _translated(key):
            _write(incoming, data)
            try:
                _publish(incoming, path, only_if_absent=only_if_absent)
            finally:
                incoming.unlink(missing_ok=True)
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    def get(self, key: str) -> bytes:
        """Read a whole object."""
        with _translated(key):
            return self._path(key).read_bytes()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`."""
        with _translated(key), self._path(key).open("rb") as file:
            if length <= 0 or not 0 <= start < os.fstat(file.fileno()).st_size:
                raise ValueError(f"{key}: no bytes {start} + {length}")
            file.seek(start)
            return file.read(length)

    def head(self, key: str) -> ObjectInfo | None:
        """What a listing would say of the object."""
        path = self._path(key)
        with suppress(FileNotFoundError, NotADirectoryError):
            return self._info(key) if path.is_file() else None
        return None

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, by key."""
        folder = self._root / prefix.rpartition("/")[0]
        for key in sorted(self._keys(folder)):
            if key.startswith(prefix) and not key.startswith(f"{_INCOMING}/"):
                with suppress(FileNotFoundError):  # deleted meanwhile
                    yield self._info(key)

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """The objects: a folder keeps no versions."""
        return self.list(prefix)

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        """Remove objects, and folders that are left empty; `every_version` changes nothing."""
        del every_version
        for key in keys:
            path = self._path(key)
            with _translated(key), suppress(FileNotFoundError, NotADirectoryError):
                path.unlink()
                self._prune(path.parent)

    def abort_uploads(self, before: datetime) -> int:
        """Remove bytes of puts that were begun before, and never published."""
        stale = [
            path
            for path in (self._root / _INCOMING).glob("*")
            if path.stat().st_mtime < before.timestamp()
        ]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not key or key.startswith("/") or ".." in parts or "/".join(parts) != key:
            raise ValueError(f"not an object key: {key}")
        return self._root.joinpath(*parts)

    def _keys(self, folder: Path) -> Iterator[str]:
        """The files below a folder; by text, for a hundred thousand paths as objects take long."""
        start = len(str(self._root)) + 1
        for place, _, names in os.walk(folder):
            yield from (f"{place}/{name}"[start:] for name in names)

    def _info(self, key: str) -> ObjectInfo:
        stat = os.stat(f"{self._root}/{key}")  # noqa: PTH116 - as above
        return ObjectInfo(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def _prune(self, folder: Path) -> None:
        with suppress(OSError):  # not empty, or pruned by somebody else
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """Raise our errors for the operating system's, by who has to act."""
    try:
        yield
    except FileExistsError as error:
        raise ConflictError(key) from error
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise KeyError(key) from error
    except PermissionError as error:
        raise SettingsError(f"not permitted: {key}") from error
    except OSError as error:  # full, stale, input/output
        raise StoreUnavailableError(key) from error


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(incoming: Path, path: Path, *, only_if_absent: bool) -> None:
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            _make(path.parent)
            if only_if_absent:
                path.hardlink_to(incoming)  # refused where something is there
            else:
                incoming.replace(path)
        except FileNotFoundError:  # the folder was pruned in between
            if last:
                raise
        else:
            _sync(path.parent)
            return


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # pruned between the system's answer and pathlib's second look
        raise FileNotFoundError(folder) from None


def _sync(folder: Path) -> None:
    with suppress(FileNotFoundError):  # deleted and pruned already
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
