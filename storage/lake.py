"""A table in a region, whose log is the truth: what is in it, and how far each partition came.

The log is a Delta Lake log, and this is the only module that knows the library. Two of its ways
shape the code: no exception tells whether a commit happened, so every error drops the handle and
the caller reads again; and a commit is judged against the state of the log that its handle last
saw, so `versions` and the `append` that relies on it are made by one thread.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.dataset
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Schema,
    Transaction,
)
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from schemas.errors import (
    ConflictError,
    FortnightError,
    RetryableError,
    SettingsError,
    StoreUnavailableError,
)
from schemas.privacy import Privacy, column
from schemas.regions import Region
from schemas.retention import moment
from schemas.tables import Table
from storage.layout import PARTITION_COLUMNS, DataPath
from storage.log import BOUNDED, DataFile, LogEntry, read_entries, read_versions
from storage.receipts import Receipt
from storage.store import ObjectStore

_RETRIES = 15
"""How often the library may rebase a commit on others' before it gives up."""

_CATCH_UP = 32
"""Entries that are read one by one; with more to catch up, the library is asked anew."""

_RECENT = 4
"""Entries that are read before the library is asked: a flush moves all partitions of its worker."""

_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)

PLACEMENT = (
    column("date", pa.string(), privacy=Privacy.MEASURE, purpose="pruning", unit="UTC day"),
    column("expires", pa.string(), privacy=Privacy.LINEAGE, purpose="retention", unit="UTC hour"),
)
"""The columns that a row has from its path."""


@dataclass(slots=True)
class _Handle:
    """One thread's view of the log.

    Attributes:
        seen: The log's version that `known` is of.
        known: Application id -> its version then.
        pending: What this thread committed since, in one entry.
        compared: Whether `versions` was asked since the last commit.
    """

    lake: DeltaTable
    seen: int
    known: dict[str, int | None] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)
    compared: bool = False


class Destination:
    """A table in a region. May be shared by threads: each has a handle of its own.

    Raises (every method):
        ConflictError: The log refused the commit. It may be one's own, sent again after its answer
            was lost.
        StoreUnavailableError: Anything else; a commit may be in the log, or not.
        SettingsError: There is no such table yet.
    """

    def __init__(self, table: Table, region: Region, store: ObjectStore, *, what: str = "") -> None:
        """Look at a table; nothing is asked yet.

        Args:
            what: Said of it before its name, where it is not what analysts see.
        """
        self.table = table
        self._what = what
        self.region = region
        self.store = store
        self.schema = pa.schema([*table.schema, *PLACEMENT])
        self._shape = Schema.from_arrow(self.schema)
        self._threads = threading.local()

    def __str__(self) -> str:
        return f"{self._what} {self.table.name} in {self.region}".lstrip()

    @property
    def url(self) -> str:
        """Where the table lies, as Delta readers want it."""
        return f"{self.store.url}/{self.table.name}"

    def create(self) -> None:
        """Make the table, or add the columns that it lacks; idempotent, also at once."""
        with self._translated():
            try:
                lake = self._open()
            except TableNotFoundError:
                self._create()
                lake = self._open()
            missing = [f for f in self._shape.fields if f.name not in _names(lake)]
            if missing:
                lake.alter.add_columns(missing)

    def differences(self) -> list[str]:
        """What the table's log declares otherwise than this code: names of columns and settings."""
        with self._translated():
            lake = self._handle(fresh=True).lake
            there = {f.name: f for f in lake.schema().fields}
            settings = lake.metadata().configuration
        columns = [f.name for f in self._shape.fields if there.get(f.name) != f]
        wrong = [key for key, value in self._settings().items() if settings.get(key) != value]
        return columns + sorted(there.keys() - {f.name for f in self._shape.fields}) + wrong

    def versions(self, application_ids: Iterable[str]) -> dict[str, int | None]:
        """The last offset that the log holds of each partition, None where it holds none.

        Catches up with the log first. An `append` of the same thread is committed only if none of
        the partitions that it moves was moved after this call.
        """
        names = [*application_ids]
        with self._translated():
            handle = self._handle()
            self._catch_up(handle)
            if not handle.known.keys() >= {*names}:
                handle.known = self._recent(handle.seen) | handle.known
            for name in names:
                if name not in handle.known:
                    handle.known[name] = handle.lake.transaction_version(name)
            handle.compared = True
            return {name: handle.known[name] for name in names}

    def append(
        self,
        files: Sequence[DataFile],
        versions: Mapping[str, int],
        receipt: Receipt | None = None,
        *,
        reason: str = "",
    ) -> None:
        """Commit files and move partitions, both or neither.

        After any error the handle is dropped: ask `versions` what happened.

        Args:
            files: Put already; none where a region got no rows, or to pin a partition.
            versions: Application id -> last offset that the table holds from now on; not empty,
                for only they let the log refuse a commit that is sent twice.
            receipt: What the commit says of its spans.
            reason: Why there are files, of which no receipt tells.

        Raises:
            ValueError: Nothing to move, or `versions` was not asked in this thread since the last
                commit or error: nothing is compared, so nothing may be set.
        """
        handle: _Handle | None = getattr(self._threads, "handle", None)
        if handle is None or not handle.compared or not versions:
            raise ValueError(f"{self}: compare the versions before each commit")
        handle.compared = False
        metadata = {"reason": reason} if reason else {}
        metadata |= {} if receipt is None else {"receipt": receipt.format()}
        with self._translated():
            self._commit(handle.lake, [_add(file) for file in files], metadata, versions)
        handle.pending = versions

    def replace(
        self, remove: Sequence[DataFile], add: Sequence[DataFile], *, reason: str, now: datetime
    ) -> None:
        """Take files away and add those that stand for them, both or neither.

        An answer that was lost is looked up in the log, so an error but StoreUnavailableError means
        that nothing was committed.

        Raises:
            ConflictError: One of the files is gone: read again and redo.
            ValueError: Nothing to take away; only that lets the log refuse a commit sent twice.
        """
        if not remove:
            raise ValueError(f"{self}: a replacement takes files away")
        with self._translated():
            lake = self._handle(fresh=True).lake
            gone = {str(file.path) for file in remove} - self._paths(lake)
            after = lake.version()
        if gone:
            raise ConflictError(f"{self}: {len(gone)} files are gone already")
        commit = uuid4().hex
        actions = [_remove(file, now) for file in remove] + [_add(file) for file in add]
        try:
            with self._translated():
                self._commit(lake, actions, {"reason": reason, "commit": commit}, {})
        except RetryableError:
            if all(entry.metadata.get("commit") != commit for entry in self.entries(after)):
                raise

    def drop(self, files: Iterable[DataFile], *, reason: str, now: datetime) -> int:
        """Take those of the files away that are still in the table; how many that were.

        Safe to call again and from several at once.
        """
        with self._translated():
            there = self._paths(self._handle(fresh=True).lake)
        remove = [file for file in files if str(file.path) in there]
        if remove:
            self.replace(remove, [], reason=reason, now=now)
        return len(remove)

    def live(self) -> list[DataFile]:
        """The files that the table consists of, by path."""
        with self._translated():
            files = pa.table(self._handle(fresh=True).lake.get_add_actions(flatten=True))
        return [_data_file(row) for row in files.sort_by("path").to_pylist()]

    def version(self) -> int:
        """The number of the newest log entry."""
        with self._translated():
            return int(self._handle(fresh=True).lake.version())

    def entries(self, after: int = -1, *, there: Iterable[int] = ()) -> Iterator[LogEntry]:
        """The log's entries after a version, in order; see `storage.log.read_entries`."""
        return read_entries(self.store, self.table.name, after, there=there)

    def dataset(self) -> pyarrow.dataset.Dataset:
        """The table as it is now, to be read; column and field metadata as declared."""
        with self._translated():
            return self._handle(fresh=True).lake.to_pyarrow_dataset(schema=self.schema)

    def checkpoint(self) -> None:
        """Sum the log up, so that opening it stays cheap."""
        with self._translated():
            self._handle(fresh=True).lake.create_checkpoint()

    def clean_log(self) -> None:
        """Remove log entries older than a fortnight; sum the log up first."""
        self.checkpoint()
        with self._translated():
            self._handle().lake.cleanup_metadata()

    def _handle(self, *, fresh: bool = False) -> _Handle:
        handle: _Handle | None = getattr(self._threads, "handle", None)
        if handle is None:
            try:
                lake = self._open()
            except TableNotFoundError as error:
                raise SettingsError(f"{self}: there is no table yet") from error
            self._threads.handle = handle = _Handle(lake, lake.version())
        elif fresh:
            self._catch_up(handle)
        return handle

    def _catch_up(self, handle: _Handle) -> None:
        handle.lake.update_incremental()
        before, after = handle.seen, handle.lake.version()
        pending, handle.pending = handle.pending, {}
        handle.compared = handle.compared and after == before
        if pending and after == before + 1:  # the one new entry is this thread's own
            handle.known |= pending
        elif handle.known and after > before:
            try:
                handle.known |= self._moved(before, after)
            except (KeyError, ValueError):
                handle.known = {}
        handle.seen = after

    def _moved(self, before: int, after: int) -> dict[str, int]:
        if after - before > _CATCH_UP:
            raise ValueError("too many")
        return read_versions(self.store, self.table.name, before + 1, after)

    def _recent(self, version: int) -> dict[str, int | None]:
        """What the newest entries say: mostly of every partition that anybody asks for.

        For each that it is asked for, the library reads the log anew from its checkpoint on.
        """
        try:
            first = max(version - _RECENT + 1, 0)
            return {**read_versions(self.store, self.table.name, first, version)}
        except (KeyError, ValueError):
            return {}

    def _open(self) -> DeltaTable:
        return DeltaTable(self.url, storage_options=self.store.lake_options())

    def _create(self) -> None:
        with suppress(DeltaError):  # somebody else made it meanwhile; if not, opening fails
            DeltaTable.create(
                self.url,
                schema=self._shape,
                partition_by=[*PARTITION_COLUMNS],
                configuration=self._settings(),
                commit_properties=CommitProperties(max_commit_retries=0),  # else it comes twice
                storage_options=self.store.lake_options(),
            )

    def _settings(self) -> dict[str, str]:
        # Never delta.setTransactionRetentionDuration: it would forget the partitions' versions.
        bounded = ",".join(name for name in BOUNDED if name in self.table.schema.names)
        return {
            "delta.logRetentionDuration": "interval 14 days",
            "delta.checkpointInterval": "20",
            "delta.dataSkippingStatsColumns": bounded,
        }

    def _commit(
        self,
        lake: DeltaTable,
        actions: Sequence[AddAction | RemoveAction],
        metadata: Mapping[str, str],
        versions: Mapping[str, int],
    ) -> None:
        lake.create_write_transaction(
            list(actions),
            "append",
            self._shape,
            partition_by=[*PARTITION_COLUMNS],
            commit_properties=CommitProperties(
                custom_metadata=dict(metadata),
                max_commit_retries=_RETRIES,
                app_transactions=[Transaction(name, last) for name, last in versions.items()],
            ),
            post_commithook_properties=_HOOKS,
        )

    def _paths(self, lake: DeltaTable) -> set[str]:
        return {*pa.table(lake.get_add_actions(flatten=True))["path"].to_pylist()}

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise our errors for whatever the library raises, and forget the handle."""
        try:
            yield
        except FortnightError:
            self._threads.handle = None
            raise
        except CommitFailedError as error:
            self._threads.handle = None
            raise ConflictError(f"{self}: the log refused the commit") from error
        except Exception as error:  # OSError, DeltaError, ...: none tells what happened
            self._threads.handle = None
            raise StoreUnavailableError(f"{self}: the log gave no answer") from error


def _names(lake: DeltaTable) -> set[str]:
    return {f.name for f in lake.schema().fields}


def _add(file: DataFile) -> AddAction:
    at = round(file.modified.timestamp() * 1000)
    partition = file.path.partition
    return AddAction(str(file.path), file.size, partition, at, True, file.statistics)  # noqa: FBT003


def _remove(file: DataFile, now: datetime) -> RemoveAction:
    return RemoveAction(
        path=str(file.path),
        data_change=True,
        deletion_timestamp=round(now.timestamp() * 1000),
        size=file.size,
        partition_values={**file.path.partition},
    )


def _data_file(row: Mapping[str, Any]) -> DataFile:
    found = [(name, row.get(f"min.{name}"), row.get(f"max.{name}")) for name in BOUNDED]
    return DataFile(
        DataPath.parse(row["path"]),
        row["size_bytes"],
        row["num_records"] or 0,
        moment(row["modification_time"] * 1000),
        {name: (low, high) for name, low, high in found if low is not None and high is not None},
    )
