"""A table's log as values: its data files, and its entries as they were written.

Entries are read as JSON, not through a library: `DeltaTable.history()` labels versions wrongly
after commits that hold no files, and a proof must rest on what is there.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec

from schemas.errors import IntegrityError
from schemas.retention import moment
from storage.layout import LOG_FOLDER, DataPath
from storage.receipts import Receipt
from storage.store import ObjectStore

Bound = datetime | int | str

BOUNDED = ("event_time", "ingest_time", "offset")
"""Columns with bounds in the log: they prune well, and identify nobody."""

_ENTRY_NAME = "{:020}.json"
_AT_ONCE = 16
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file as the log knows it.

    Attributes:
        path: Its place within the table.
        size: Bytes.
        rows: How many.
        modified: When it was put, UTC.
        bounds: Column -> its smallest and largest value, of columns that identify nobody.
    """

    path: DataPath
    size: int
    rows: int
    modified: datetime
    bounds: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)

    @property
    def statistics(self) -> str:
        """The log's JSON for `rows` and `bounds` (Delta protocol, per-file statistics).

        Times are in milliseconds, the largest rounded up, so that they always enclose the rows.
        """
        document = {
            "numRecords": self.rows,
            "minValues": {name: _format(low) for name, (low, _) in self.bounds.items()},
            "maxValues": {name: _format(high, up=True) for name, (_, high) in self.bounds.items()},
            "nullCount": dict.fromkeys(self.bounds, 0),
        }
        return msgspec.json.encode(document).decode()


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit of a table.

    Attributes:
        version: Of the table: 0, 1, 2, ... without gap.
        time: When its writer says it was committed, UTC.
        versions: Application id -> last offset that the table holds since.
        added: Files that it added.
        removed: Files that it took away.
        receipt: What the sink says of its spans; None for any other commit.
        reason: Why files were replaced; empty for the sink's commits.
        metadata: The commit's whole metadata, for proofs.
    """

    version: int
    time: datetime
    versions: Mapping[str, int]
    added: tuple[DataFile, ...]
    removed: tuple[DataPath, ...]
    receipt: Receipt | None
    reason: str
    metadata: Mapping[str, Any]

    @classmethod
    def parse(cls, version: int, text: bytes) -> "LogEntry":
        """Read an entry's lines.

        Raises:
            ValueError: They are not a log entry.
        """
        actions = [msgspec.json.decode(line) for line in text.splitlines() if line]
        of = {kind: [a[kind] for a in actions if kind in a] for kind in ("txn", "add", "remove")}
        metadata: dict[str, Any] = next((a["commitInfo"] for a in actions if "commitInfo" in a), {})
        receipt = metadata.get("receipt")
        return cls(
            version,
            moment(metadata.get("timestamp", 0) * 1000),
            {txn["appId"]: txn["version"] for txn in of["txn"]},
            tuple(map(_data_file, of["add"])),
            tuple(DataPath.parse(remove["path"]) for remove in of["remove"]),
            None if receipt is None else Receipt.parse(receipt),
            metadata.get("reason", ""),
            metadata,
        )


def entry_key(table: str, version: int) -> str:
    """The object key of a log entry."""
    return f"{table}/{LOG_FOLDER}/{_ENTRY_NAME.format(version)}"


def read_entries(
    store: ObjectStore, table: str, after: int = -1, *, there: Iterable[int] = ()
) -> Iterator[LogEntry]:
    """The log's entries after a version, in order and without gap, as far back as they are kept.

    An entry before a gap is none of the table's: its writer slept until the log around it was
    cleaned, and readers begin at a checkpoint behind it.

    Args:
        store: Where the log lies.
        table: The table's name.
        after: The version.
        there: The versions that a listing has just shown; none to list them.

    Raises:
        IntegrityError: One is no log entry, or its receipt is none.
        KeyError: One was cleaned away meanwhile: read again.
    """
    kept = _newest_run(sorted(there or entry_times(store, table)))
    wanted = [version for version in kept if version > after]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            texts = pool.map(lambda version: store.get(entry_key(table, version)), some)
            for version, text in zip(some, texts, strict=True):
                yield _parsed(table, version, text)


def news(store: ObjectStore, table: str, after: int) -> Iterator[LogEntry]:
    """The log's entries right behind a version, up to one that is not there yet; lists nothing.

    Raises:
        IntegrityError: One is no log entry, or its receipt is none.
    """
    for version in count(after + 1):
        try:
            text = store.get(entry_key(table, version))
        except KeyError:
            return
        yield _parsed(table, version, text)


def _parsed(table: str, version: int, text: bytes) -> LogEntry:
    try:
        return LogEntry.parse(version, text)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{entry_key(table, version)}: not a log entry: {error}") from error


def read_versions(store: ObjectStore, table: str, first: int, last: int) -> dict[str, int]:
    """What the entries `first` to `last` say of application ids: the newest of each.

    Raises:
        KeyError: One of the entries is not kept any more.
    """
    found: dict[str, int] = {}
    for version in range(first, last + 1):
        found |= LogEntry.parse(version, store.get(entry_key(table, version))).versions
    return found


def entry_times(store: ObjectStore, table: str) -> dict[int, datetime]:
    """Version -> when its entry was put, UTC, by the store's clock; as far as they are kept."""
    found = {}
    for info in store.list(f"{table}/{LOG_FOLDER}/"):
        name = info.key.rpartition("/")[2]
        stem = name.removesuffix(".json")
        if name != stem and stem.isdecimal():
            found[int(stem)] = info.modified
    return found


def _newest_run(versions: list[int]) -> list[int]:
    start = len(versions) - 1
    while start > 0 and versions[start - 1] == versions[start] - 1:
        start -= 1
    return versions[max(start, 0) :]


def _data_file(add: Mapping[str, Any]) -> DataFile:
    statistics = msgspec.json.decode(add.get("stats") or "{}")
    lows, highs = statistics.get("minValues", {}), statistics.get("maxValues", {})
    return DataFile(
        DataPath.parse(add["path"]),
        add["size"],
        statistics.get("numRecords", 0),
        moment(add["modificationTime"] * 1000),
        {name: (_parse(lows[name]), _parse(highs[name])) for name in lows if name in highs},
    )


def _format(value: Bound, *, up: bool = False) -> int | str:
    if not isinstance(value, datetime):
        return value
    at = value.astimezone(UTC)
    rest = timedelta(microseconds=at.microsecond % 1000)
    at += _MILLISECOND - rest if rest and up else -rest
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def _parse(value: int | str) -> Bound:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
