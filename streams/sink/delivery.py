"""A flush into one destination: encode, put, compare, commit, and again until it is durable.

Kafka says nothing of who may commit: the destination's log does. Whoever commits the rows above
exactly the version that the log holds is right, so owner and zombie may both try (SINK rules).
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import pyarrow as pa

from schemas.errors import IntegrityError, RetryableError
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.receipts import Receipt
from streams.sink.work import Share
from streams.stages.route import Folder

logger = logging.getLogger(__name__)

FRESH = timedelta(hours=1)
"""A file older than this is put again before it is committed: SINK rule 6, sweeping is 24 h."""

_PUTS = 4
_PAUSE = 0.05, 0.5
"""Shortest and longest pause before another try, seconds."""

Step = Callable[[str], None]
"""Told before and after each step of a flush; tests crash or stop the process there."""


class AbandonedError(Exception):
    """Every partition of the flush was taken away: its new owners read it again."""


@dataclass(frozen=True, slots=True)
class Written:
    """Files that were put and wait for their commit.

    Attributes:
        moves: Application id -> last offset, of the shares whose rows are in the files.
    """

    files: Mapping[DataPath, bytes]
    described: tuple[DataFile, ...]
    moves: Mapping[str, int]
    receipt: Receipt
    born: datetime


@dataclass(slots=True)
class _Attempt:
    written: Written | None = None
    tried: bool = False


class Delivery:
    """Makes flushes durable in one destination; belongs to one thread.

    Attributes:
        retries: Tries that failed.
        put_bytes: Bytes of the files that were put, again after a failure too.

    Args:
        name: The destination's in `Share.believed` and `Share.rows`.
        stamp: What every receipt says besides its spans, rows and keys.
    """

    def __init__(
        self,
        destination: Destination,
        name: str,
        stamp: Receipt,
        *,
        regions: Sequence[str],
        clock: Callable[[], datetime],
        step: Step,
    ) -> None:
        self.destination = destination
        self.name = name
        self.retries = 0
        self.put_bytes = 0
        self._stamp = stamp
        self._regions = regions
        self._clock = clock
        self._step = step
        self._puts = ThreadPoolExecutor(_PUTS, thread_name_prefix=f"put-{name}")

    def deliver(self, shares: Sequence[Share]) -> int:
        """Return once every share is durable here, by this call or somebody else's; rows put.

        Safe to kill between any two lines, and to run beside any number of others with the same
        partitions.

        Raises:
            AbandonedError: Nothing may be acknowledged; every partition has another owner.
            IntegrityError: The log went back; nothing may be committed any more.
        """
        attempt = _Attempt()
        while True:
            try:
                if self._try(shares, attempt):
                    return attempt.written.receipt.rows if attempt.written else 0
            except RetryableError as error:
                self._pause(error, shares)

    def _try(self, shares: Sequence[Share], attempt: _Attempt) -> bool:
        todo = [share for share in shares if share.span_above(self.name)]
        if not todo:
            self._confirm(attempt)
            return True
        if not self._is_current(attempt.written, todo):
            attempt.written = self._write(todo)
            self._step(f"put/{self.name}")
        if not self._compare(todo):
            return False
        self._step(f"compared/{self.name}")
        self._commit(attempt)
        self._step(f"committed/{self.name}")
        for share in todo:
            share.held.believed[self.name] = share.span.last
        self._confirm(attempt)
        return True

    def _compare(self, todo: Sequence[Share]) -> bool:
        """Whether the log holds what this worker believes; believe the log where it is ahead."""
        found = self.destination.versions([share.partition.application_id for share in todo])
        as_believed = True
        for share in todo:
            version, believed = found[share.partition.application_id], share.base(self.name)
            if version is None or version < believed:
                raise IntegrityError(
                    f"{self.destination}: {share.partition} went back from {believed} to {version}"
                )
            if version > believed:
                share.held.believed[self.name] = version
                as_believed = False
        return as_believed

    def _commit(self, attempt: _Attempt) -> None:
        written = attempt.written
        if written is None:
            raise ValueError("nothing was written")
        attempt.tried = True
        self.destination.append(written.described, written.moves, written.receipt)

    def _is_current(self, written: Written | None, todo: Sequence[Share]) -> bool:
        if written is None or self._clock() - written.born > FRESH:
            return False
        spans = [(one.partition, one.span) for one in written.receipt.spans]
        return spans == [(share.partition, share.span_above(self.name)) for share in todo]

    def _write(self, todo: Sequence[Share]) -> Written:
        """Encode and put what the destination does not hold yet."""
        folders: dict[Folder, list[pa.RecordBatch]] = {}
        for share in todo:
            for folder, rows in share.rows_above(self.name):
                folders.setdefault(folder, []).append(rows)
        born = self._clock()
        files, described = {}, []
        for folder, batches in folders.items():
            rows = pa.Table.from_batches(batches)
            path = DataPath(folder.date, folder.expires, uuid4())
            files[path] = encode(rows, self.destination.table)
            described.append(describe(rows, files[path], path, born))
        self._put(files)
        return Written(
            files,
            tuple(described),
            {share.partition.application_id: share.span.last for share in todo},
            self._receipt(todo, sum(file.rows for file in described)),
            born,
        )

    def _receipt(self, todo: Sequence[Share], rows: int) -> Receipt:
        stamp = self._stamp
        return Receipt(
            tuple(share.receipt(self.name, self._regions) for share in todo),
            stamp.policies,
            todo[0].key_versions.get(self.name, stamp.key_version),
            stamp.routing_version,
            stamp.worker,
            rows,
        )

    def _put(self, files: Mapping[DataPath, bytes]) -> None:
        store, table = self.destination.store, self.destination.table.name
        self.put_bytes += sum(map(len, files.values()))
        for _ in self._puts.map(
            lambda one: store.put(object_key(table, one[0]), one[1]), files.items()
        ):
            self._step(f"putting/{self.name}")

    def _confirm(self, attempt: _Attempt) -> None:
        """Look whether one's own files are there; a sweeper may have been between the lines."""
        if not attempt.tried or attempt.written is None:
            return
        store, table = self.destination.store, self.destination.table.name
        missing = {
            path: data
            for path, data in attempt.written.files.items()
            if store.head(object_key(table, path)) is None
        }
        if missing:  # never bring back what was expired or erased since
            live = {file.path for file in self.destination.live()}
            self._put({path: data for path, data in missing.items() if path in live})

    def _pause(self, error: RetryableError, shares: Sequence[Share]) -> None:
        self.retries += 1
        logger.warning("%s: %s; trying again", self.destination, error)
        if all(share.held.lost for share in shares):
            raise AbandonedError
        time.sleep(random.uniform(*_PAUSE))  # noqa: S311 - jitter, so that rivals do not meet again
