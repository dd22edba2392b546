"""What a table in a folder holds, by its log's JSON and polars: no code of the product.

Every commit says by itself what should be there: the writer's entries count its offsets up from
zero, what was erased is noted by the file that it was in, and expiry takes whole folders.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(slots=True)
class Snapshot:
    """The state after some log entries.

    Attributes:
        end: The last offset that the writer committed; -1 for none.
        live: Paths of the files.
        erased: Paths of files some rows of which were erased.
        expired: Folders that were dropped.
        version: Of the last entry.
    """

    end: int = -1
    live: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    version: int = -1

    def apply(self, actions: list[Mapping[str, Any]]) -> None:
        """Take one entry."""
        self.version += 1
        reason = next((a["commitInfo"].get("reason", "") for a in actions if "commitInfo" in a), "")
        for action in actions:
            if "txn" in action:
                self.end = action["txn"]["version"]
            elif "add" in action:
                self.live.add(action["add"]["path"])
            elif "remove" in action:
                path = action["remove"]["path"]
                self.live.remove(path)
                if reason == "erase":
                    self.erased.add(path)
                elif reason == "expire":
                    self.expired.add(path.rpartition("/")[0])


def read_snapshot(table: Path) -> Snapshot:
    """Read a log from its beginning, as far as it goes."""
    found = Snapshot()
    while (entry := table / "_delta_log" / f"{found.version + 1:020}.json").exists():
        found.apply([json.loads(line) for line in entry.read_text("utf-8").splitlines()])
    return found


def read_offsets(table: Path) -> tuple[Snapshot, list[int]]:
    """The offsets of all rows, sorted, and the state that they are of.

    Raises:
        AssertionError: A file is missing that the newest log names.
    """
    while True:
        snapshot = read_snapshot(table)
        try:
            found = [_offsets(table / path) for path in snapshot.live]
        except FileNotFoundError as error:
            if read_snapshot(table).version == snapshot.version:
                raise AssertionError(f"version {snapshot.version} names a missing file") from error
            continue
        return snapshot, sorted(offset for some in found for offset in some)


def _offsets(file: Path) -> list[int]:
    offsets: list[int] = pl.read_parquet(file, columns=["offset"])["offset"].to_list()
    return offsets
