"""A reader of a table that shares no code with the sink: the log's JSON by hand, files by polars.

It follows the log entry by entry, so it sees every state that any reader could have seen.
"""

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow.fs

Source = tuple[str, int]
"""A topic's id and a partition's number."""

Rows = Mapping[Source, frozenset[int]]
"""The offsets of a file's rows."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader saw at one version of the log.

    Attributes:
        ends: Application id -> last offset that the table says it holds.
        counts: Rows in the table, and those taken away for good, by where they are from.
        hidden: Rows of files that could not be read: an expiry was quicker than this reader.
    """

    version: int
    ends: Mapping[str, int]
    counts: Mapping[Source, int]
    hidden: int = 0


@dataclass(slots=True)
class Follower:
    """Reads one table, in a folder or a bucket.

    Attributes:
        name: Whose table, for messages.
        root: The table's folder on `files`.
        rows: What is in the table now.
        gone: What was taken away for good.
        receipts: The receipts of all entries, in order.
        twice: Rows that were in the table twice at once.
        missing: Files that were not there, though the table named them.
        vanished: Rows of files that were taken away, and deleted, before they were read.
    """

    name: str
    files: pyarrow.fs.FileSystem
    root: str
    seen: list[Seen] = field(default_factory=list)
    rows: dict[Source, set[int]] = field(default_factory=dict)
    gone: dict[Source, set[int]] = field(default_factory=dict)
    receipts: list[Mapping[str, Any]] = field(default_factory=list)
    twice: Counter[Source] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    vanished: int = 0
    live: dict[str, Rows] = field(default_factory=dict)
    _unread: dict[str, int] = field(default_factory=dict)
    _ends: dict[str, int] = field(default_factory=dict)

    def poll(self) -> int:
        """Read every entry that is new; how many."""
        before = len(self.seen)
        while (text := self._bytes(f"_delta_log/{len(self.seen):020}.json")) is not None:
            self._apply([json.loads(line) for line in text.splitlines()])
        return len(self.seen) - before

    def look_for_missing(self) -> None:
        """Note every file that is named by the table as it is now, and not there."""
        self.missing += sorted(set(self.live) - self.objects() | self._unread.keys())

    def objects(self) -> set[str]:
        """Every data file that is there, in the table or not."""
        selector = pyarrow.fs.FileSelector(self.root, recursive=True, allow_not_found=True)
        found = (info.path.removeprefix(f"{self.root}/") for info in self._infos(selector))
        return {path for path in found if path.startswith("date=")}

    def _infos(self, selector: pyarrow.fs.FileSelector) -> list[pyarrow.fs.FileInfo]:
        infos = self.files.get_file_info(selector)
        return [info for info in infos if info.type is pyarrow.fs.FileType.File]

    def _apply(self, actions: list[Mapping[str, Any]]) -> None:
        """Take an entry's files away first: the new ones may hold the same rows."""
        taken: list[Rows] = [
            self.live.pop(action["remove"]["path"]) for action in actions if "remove" in action
        ]
        for rows in taken:
            for source, offsets in rows.items():
                self.rows[source] -= offsets
                self.gone.setdefault(source, set()).update(offsets)
        for action in actions:
            if "remove" in action:
                self.vanished += self._unread.pop(action["remove"]["path"], 0)
            elif "add" in action:
                self._add(action["add"]["path"], json.loads(action["add"]["stats"])["numRecords"])
            elif "txn" in action:
                self._ends[action["txn"]["appId"]] = action["txn"]["version"]
            elif "receipt" in action.get("commitInfo", {}):
                self.receipts.append(json.loads(action["commitInfo"]["receipt"]))
        counts = Counter({source: len(rows) for source, rows in self.rows.items()})
        counts.update({source: len(rows) for source, rows in self.gone.items()})
        hidden = self.vanished + sum(self._unread.values())
        self.seen.append(Seen(len(self.seen), dict(self._ends), dict(counts), hidden))

    def _add(self, path: str, count: int) -> None:
        data = self._bytes(path)
        if data is None:
            self._unread[path] = count
        rows = {} if data is None else _rows(data)
        self.live[path] = rows
        for source, offsets in rows.items():
            there = self.rows.setdefault(source, set())
            self.twice[source] += len(there & offsets)
            there |= offsets
            self.gone.get(source, set()).difference_update(offsets)

    def _bytes(self, path: str) -> bytes | None:
        """A file's bytes; None where it is not there, be it deleted between opening and reading."""
        place = f"{self.root}/{path}"
        try:
            with self.files.open_input_stream(place) as stream:
                data: bytes = stream.read()
        except FileNotFoundError:
            return None
        except OSError:
            if self.files.get_file_info(place).type is not pyarrow.fs.FileType.NotFound:
                raise
            return None
        return data


def _rows(data: bytes) -> Rows:
    """The offsets of a file's rows; a position that is in the file twice is one too few."""
    frame = pl.read_parquet(io.BytesIO(data), columns=["topic_id", "partition", "offset"])
    grouped = frame.group_by("topic_id", "partition").agg("offset")
    rows = {(one["topic_id"], one["partition"]): one["offset"] for one in grouped.to_dicts()}
    for source, offsets in rows.items():
        if len(set(offsets)) < len(offsets):
            raise AssertionError(f"{source}: a position is in one file twice")
    return {source: frozenset(offsets) for source, offsets in rows.items()}


def scan(url: str, options: Mapping[str, str]) -> dict[Source, list[int]]:
    """Every position of a table as polars reads it, checkpoints and all; sorted, twice if twice."""
    frame = pl.scan_delta(url, storage_options=dict(options)).select(
        "topic_id", "partition", "offset"
    )
    grouped = frame.group_by("topic_id", "partition").agg(pl.col("offset").sort()).collect()
    return {(one["topic_id"], one["partition"]): one["offset"] for one in grouped.to_dicts()}
