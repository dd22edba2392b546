"""Tables in a folder with files in them, for tests that do not care how they came there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from support.rows import NOW, rows_of
from support.wire import EU

from schemas.lineage import Partition
from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.store import ObjectStore

PARTITION = Partition("fleet.telemetry", "AAAA", 0)


def empty(store: ObjectStore | Path, table: Table = TELEMETRY) -> Destination:
    """A table without rows."""
    place = DirectoryStore(store) if isinstance(store, Path) else store
    destination = Destination(table, EU, place)
    destination.create()
    return destination


@dataclass(slots=True)
class Writer:
    """Puts files and commits them, as a sink does."""

    destination: Destination
    files: list[DataFile] = field(default_factory=list)
    _next: int = 0

    def put(self, expires: datetime, *, rows: int = 3, **given: Sequence[Any]) -> DataFile:
        """A file of rows; nothing names it yet."""
        table = self.destination.table
        offsets = range(self._next, self._next + rows)
        columns: dict[str, Any] = {"offset": offsets, **given}
        content = rows_of(table, rows, **columns)
        self._next += rows
        data = encode(content, table)
        hour = expires.replace(minute=0, second=0, microsecond=0)
        path = DataPath((hour - FORTNIGHT).date(), hour, uuid4())
        self.destination.store.put(object_key(table.name, path), data)
        return describe(content, data, path, NOW)

    def commit(self, *files: DataFile) -> None:
        """Make files part of the table."""
        self.destination.versions([PARTITION.application_id])
        self.destination.append(files, {PARTITION.application_id: self._next - 1})
        self.files += files


def age(destination: Destination, path: DataPath, modified: datetime) -> None:
    """Make the store say that an object in a folder was put then."""
    file = Path(destination.store.url, object_key(destination.table.name, path))
    os.utime(file, (modified.timestamp(), modified.timestamp()))


def age_log(destination: Destination, modified: datetime, *, keep: int = 0) -> None:
    """Make the store say that the log's objects in a folder, but the newest, were put then."""
    log = sorted(Path(destination.store.url, destination.table.name, "_delta_log").iterdir())
    for file in log[: len(log) - keep]:
        os.utime(file, (modified.timestamp(), modified.timestamp()))


class Waking(Destination):
    """A worker wakes up and commits, once, just after somebody read which files are live."""

    writer: Writer
    sleeping: DataFile | None

    @classmethod
    def beside(cls, writer: Writer, sleeping: DataFile) -> "Waking":
        """A handle for somebody else, beside a worker that is about to commit a file."""
        there = writer.destination
        made = cls(there.table, there.region, there.store)
        made.writer, made.sleeping = writer, sleeping
        return made

    def live(self) -> list[DataFile]:
        """What was live a moment ago."""
        found = super().live()
        if self.sleeping:
            self.writer.commit(self.sleeping)
            self.sleeping = None
        return found
