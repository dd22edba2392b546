"""New files that stand for old ones: made, compared, committed beside others, put again if lost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa

from schemas.errors import ConflictError
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import decode, describe, encode

_COMMITS = 20
"""Tries of one commit beside others; each is 0.1 s."""

PUT_AGAIN = timedelta(hours=1)
"""A file that waits longer for its commit might have been swept (SINK rule 6)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was made, and is not committed.

    Attributes:
        data: Its bytes, should it have to be put again.
    """

    file: DataFile
    data: bytes = field(repr=False)

    @property
    def offsets(self) -> pa.ChunkedArray:
        """Of its rows, read back from its bytes.

        Raises:
            IntegrityError: They are not those of a data file.
        """
        return decode(self.data, ["offset"])["offset"]


def write(destination: Destination, rows: pa.Table, path: DataPath, now: datetime) -> Written:
    """Make a file of rows, and put it; nothing names it yet.

    Args:
        rows: At least one, in any order.
        path: Where it lies from now on.
        now: UTC.

    Raises:
        RetryableError: The store gave no answer.
    """
    data = encode(rows, destination.table)
    written = Written(describe(rows, data, path, now), data)
    put(destination, [written])
    return written


def put(destination: Destination, written: Iterable[Written]) -> None:
    """Put files, also again."""
    for one in written:
        destination.store.put(_key(destination, one.file), one.data)


def is_there(destination: Destination, file: DataFile) -> bool:
    """Whether a file's bytes lie where the log says."""
    return destination.store.head(_key(destination, file)) is not None


def put_lost(
    destination: Destination, files: Iterable[DataFile], put_one: Callable[[DataFile], object]
) -> None:
    """Put committed files again that were swept before their commit.

    Never what was expired or erased since: a file without bytes is put only while the log names it,
    and goes again if the log ceased to name it meanwhile.

    Args:
        files: That were committed.
        put_one: Puts the bytes of one.
    """
    lost = [file for file in files if not is_there(destination, file)]
    if not lost:
        return
    for file in _live(destination, lost):
        put_one(file)
    live = _live(destination, lost)
    delete(destination, [file for file in lost if file not in live])


def _live(destination: Destination, files: Sequence[DataFile]) -> list[DataFile]:
    paths = {file.path for file in destination.live()}
    return [file for file in files if file.path in paths]


def delete(destination: Destination, files: Iterable[DataFile]) -> None:
    """Remove files' bytes, every version of them; idempotent."""
    keys = [_key(destination, file) for file in files]
    destination.store.delete(keys, every_version=True)


def commit(
    destination: Destination,
    remove: Sequence[DataFile],
    add: Sequence[DataFile],
    *,
    reason: str,
    now: datetime,
) -> None:
    """Take old files away and add those that stand for them, both or neither.

    The log refuses a commit beside any other that takes files away (SINK rule 8): it is sent again
    while its own files are all there.

    Raises:
        ConflictError: One is gone, or others never rest; nothing was committed.
    """
    for last in [False] * (_COMMITS - 1) + [True]:
        try:
            destination.replace(remove, add, reason=reason, now=now)
        except ConflictError:
            live = {file.path for file in destination.live()}
            if last or not live.issuperset(file.path for file in remove):
                raise
            continue
        break


def _key(destination: Destination, file: DataFile) -> str:
    return object_key(destination.table.name, file.path)
