"""An object as a file that is read in ranges, so that a few columns cost a few requests."""

import io

from storage.store import ObjectStore


class ObjectFile(io.RawIOBase):
    """A readable, seekable view of one object; of one thread.

    Raises (reading):
        KeyError: The object is gone.
        RetryableError: The store gave no answer.
    """

    def __init__(self, store: ObjectStore, key: str, size: int) -> None:
        """Look at an object; nothing is asked yet."""
        super().__init__()
        self._store = store
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be sought in."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset from the beginning, from here, or from the end."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, fewer where the object ends."""
        left = self._size - self._at
        length = left if size is None or size < 0 else min(size, left)
        if length <= 0:
            return b""
        data = self._store.get_range(self._key, self._at, length)
        self._at += len(data)
        return data
