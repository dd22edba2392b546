"""Holds on folders, for tests that do not care how they were placed."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from support.rows import NOW, pseudonym
from support.wire import EU

from jobs.holds.keeping import Keeper
from schemas.hold_record import HoldRecord, Names
from schemas.tables import TELEMETRY, Table
from storage.directory import DirectoryStore
from storage.holds import copy_folders, put_record
from storage.store import ObjectStore

SECRET = bytes(range(32))
HELD = pseudonym(1)
"""The device whose rows are held, where a test says nothing else."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A hold bucket, and who copies rows into it."""

    store: ObjectStore

    @classmethod
    def build(cls, store: ObjectStore | Path) -> "Bucket":
        """On a folder, or a store."""
        return cls(DirectoryStore(store) if isinstance(store, Path) else store)

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.store, lambda _: SECRET)

    def hold(
        self,
        name: str = "H-1",
        *,
        devices: tuple[Names, ...] = ((HELD,),),
        tables: tuple[Table, ...] = (TELEMETRY,),
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> HoldRecord:
        """Place one, without officers."""
        record = HoldRecord(
            name=name,
            region=EU,
            placed=NOW,
            tables=tuple(table.name for table in tables),
            since=since,
            until=until,
            devices=devices,
            wrapped={},
        )
        put_record(self.store, record)
        return record

    def rows(self, name: str = "H-1") -> list[pa.Table]:
        """Those that count; each copy is compared with its manifest."""
        return [
            folder.rows(manifest)
            for folder in copy_folders(self.store, name)
            for manifest in folder.manifests()
        ]

    def offsets(self, name: str = "H-1") -> list[int]:
        """Of the rows that count, sorted."""
        return sorted(offset for rows in self.rows(name) for offset in rows["offset"].to_pylist())
