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

RESTRICT = "restrict"
"""Why rows are moved to where they are restricted, and back when that is lifted."""

_INFO = "commitInfo"


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
class _Change:
    """What an entry does to rows.

    Attributes:
        taken: Rows of files that it takes away; its new files may have them again.
        unread: How many rows were in such files that could not be read.
        fresh: Rows of its new files that nobody saw before.
        is_seen: Whether all new files could be read.
    """

    reason: str
    taken: dict[Source, set[int]] = field(default_factory=dict)
    unread: int = 0
    fresh: int = 0
    is_seen: bool = True


@dataclass(slots=True)
class Follower:
    """Reads one table, in a folder or a bucket.

    Attributes:
        name: Whose table, for messages.
        root: The table's folder on `files`.
        rows: What is in the table now.
        gone: What was taken away, and the reason that the log's entry gave; none where it may be in
            a new file of that entry that was gone again before it was read.
        receipts: The receipts of all entries, in order.
        twice: Rows that were in the table twice at once.
        returned: Rows that were taken away, and came back though nobody lifted a restriction.
        missing: Files that were not there, though the table named them.
        vanished: Rows of files that were taken away, and deleted, before they were read.
    """

    name: str
    files: pyarrow.fs.FileSystem
    root: str
    seen: list[Seen] = field(default_factory=list)
    rows: dict[Source, set[int]] = field(default_factory=dict)
    gone: dict[Source, dict[int, str]] = field(default_factory=dict)
    receipts: list[Mapping[str, Any]] = field(default_factory=list)
    twice: Counter[Source] = field(default_factory=Counter)
    returned: Counter[Source] = field(default_factory=Counter)
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

    def has(self, path: str, devices: frozenset[str]) -> bool:
        """Whether a file has rows of a device, by the pseudonyms that it has in this region."""
        data = self._bytes(path)
        if data is None:
            return False
        frame = pl.read_parquet(io.BytesIO(data))
        return "device" in frame.columns and not devices.isdisjoint(frame["device"].unique())

    def _infos(self, selector: pyarrow.fs.FileSelector) -> list[pyarrow.fs.FileInfo]:
        infos = self.files.get_file_info(selector)
        return [info for info in infos if info.type is pyarrow.fs.FileType.File]

    def _apply(self, actions: list[Mapping[str, Any]]) -> None:
        """Take an entry's files away first: the new ones may hold the same rows."""
        reason = next((one["commitInfo"].get("reason", "") for one in actions if _INFO in one), "")
        change = _Change(reason)
        for action in actions:
            if "remove" in action:
                self._remove(action["remove"]["path"], change)
        for action in actions:
            if "add" in action:
                add = action["add"]
                self._add(add["path"], json.loads(add["stats"])["numRecords"], change)
            elif "txn" in action:
                self._ends[action["txn"]["appId"]] = action["txn"]["version"]
            elif "receipt" in action.get(_INFO, {}):
                self.receipts.append(json.loads(action[_INFO]["receipt"]))
        for source, offsets in change.taken.items():
            left = dict.fromkeys(offsets - self.rows[source], reason if change.is_seen else "")
            self.gone.setdefault(source, {}).update(left)
        self.vanished += max(change.unread - change.fresh, 0)
        counts = Counter({source: len(rows) for source, rows in self.rows.items()})
        counts.update({source: len(rows) for source, rows in self.gone.items()})
        hidden = self.vanished + sum(self._unread.values())
        self.seen.append(Seen(len(self.seen), dict(self._ends), dict(counts), hidden))

    def _remove(self, path: str, change: "_Change") -> None:
        change.unread += self._unread.pop(path, 0)
        for source, offsets in self.live.pop(path).items():
            self.rows[source] -= offsets
            change.taken.setdefault(source, set()).update(offsets)

    def _add(self, path: str, count: int, change: "_Change") -> None:
        data = self._bytes(path)
        if data is None:
            self._unread[path], change.is_seen = count, False
        rows = {} if data is None else _rows(data)
        self.live[path] = rows
        for source, offsets in rows.items():
            there, gone = self.rows.setdefault(source, set()), self.gone.setdefault(source, {})
            self.twice[source] += len(there & offsets)
            there |= offsets
            back = offsets & gone.keys()
            known = sum(bool(gone.pop(offset)) for offset in back)
            self.returned[source] += 0 if change.reason == RESTRICT else known
            change.fresh += len(offsets - change.taken.get(source, set()))

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
