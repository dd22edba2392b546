"""One destination's log, entry by entry: spans that tile, receipts that add up, files accounted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from jobs.expire import PERIOD
from jobs.expire import REASON as EXPIRE
from jobs.reconcile.tiles import Tiles
from schemas.lineage import Partition
from storage.layout import DataPath
from storage.log import DataFile, LogEntry
from storage.receipts import SpanReceipt

LOSING = frozenset({EXPIRE, "erase", "restrict"})
"""Reasons for which a commit may hold fewer rows than the files that it took away."""

RETURNING = frozenset({"restrict"})
"""Reasons for which rows that were taken away may come back without a receipt."""

_CLOCKS = timedelta(minutes=1)
"""A commit's time is its writer's: clocks of machines differ so much at most."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Where a promise is broken, and how."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Held:
    """A file that the table consists of.

    Attributes:
        origins: Versions of the entries whose rows may be in it.
    """

    file: DataFile
    origins: frozenset[int]


@dataclass(slots=True)
class Ledger:
    """What a destination's log says.

    Attributes:
        name: The destination's.
        outcome: The outcome of receipts that its rows are: `stored/eu`, or `rejected/`.
        begins: Partition -> the offset before its first span: the pin, where the log has it.
        tiles: Partition -> its spans, in the log's order.
        live: Path -> file.
        touched: Versions of entries some rows of which were taken away for a good reason.
        taken: Rows that were, over all.
        is_whole: The log is kept from its beginning.
    """

    name: str
    outcome: str
    begins: dict[Partition, int] = field(default_factory=dict)
    tiles: dict[Partition, Tiles] = field(default_factory=dict)
    live: dict[DataPath, Held] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    taken: int = 0
    is_whole: bool = True
    breaches: list[Breach] = field(default_factory=list)

    @classmethod
    def read(cls, name: str, outcome: str, entries: Iterable[LogEntry]) -> "Ledger":
        """Go through a log; what is wrong is noted, and the next entry looked at."""
        ledger = cls(name, outcome)
        for number, entry in enumerate(entries):
            if number == 0:
                ledger.is_whole = entry.version == 0
            ledger.add(entry)
        return ledger

    def add(self, entry: LogEntry) -> None:
        """Go on with the next entry; what is wrong is noted."""
        self._move(entry)
        self._add_up(entry)
        self._account(entry)

    def forget(self) -> None:
        """Keep of each partition only where it ends: whoever follows a log for ever has to."""
        self.begins |= {partition: tiles.end for partition, tiles in self.tiles.items()}
        self.tiles.clear()
        self.touched.clear()

    def end(self, partition: Partition) -> int | None:
        """The last offset that the log holds of a partition; None where it knows nothing of it."""
        if tiles := self.tiles.get(partition):
            return tiles.end
        return self.begins.get(partition)

    def _breach(self, entry: LogEntry, what: str) -> None:
        self.breaches.append(Breach(f"{self.name}, log entry {entry.version}", what))

    def _move(self, entry: LogEntry) -> None:
        spans = {one.partition: one for one in entry.receipt.spans} if entry.receipt else {}
        for partition, version in _moves(entry):
            receipt = spans.pop(partition, None)
            before = self.end(partition)
            if receipt is None:
                if before is not None:
                    self._breach(entry, f"{partition} moves to {version} without a receipt")
                self.begins.setdefault(partition, version)
                continue
            if receipt.span.last != version:
                said = f"the receipt ends at {receipt.span.last}"
                self._breach(entry, f"{partition} moves to {version}, and {said}")
            self._lay(entry, receipt, before)
        for partition in spans:
            self._breach(entry, f"a receipt of {partition}, which the entry does not move")

    def _lay(self, entry: LogEntry, receipt: SpanReceipt, before: int | None) -> None:
        partition, first = receipt.partition, receipt.span.first
        if before is None:
            if self.is_whole:
                self._breach(entry, f"{partition} begins at {first} without a pin")
            self.begins[partition] = before = first - 1
        if first > before + 1:
            self._breach(entry, f"{partition}: a gap, {before + 1} to {first - 1}")
        if first <= before:
            self._breach(entry, f"{partition}: an overlap, {first} to {before}")
        for hole in receipt.holes:
            if not first <= hole[0] <= hole[1] <= receipt.span.last:
                self._breach(entry, f"{partition}: a hole outside of its span, {hole}")
        self.tiles.setdefault(partition, Tiles()).append(entry.version, receipt)

    def _add_up(self, entry: LogEntry) -> None:
        added = sum(file.rows for file in entry.added)
        if entry.receipt is None:
            if entry.added and not entry.removed:
                self._return(entry, added)
            return
        said = sum(
            count
            for span in entry.receipt.spans
            for how, count in span.outcomes.items()
            if how.startswith(self.outcome)
        )
        if not added == entry.receipt.rows == said:
            counts = f"its receipt {entry.receipt.rows}, and the spans {said}"
            self._breach(entry, f"the files have {added} rows, {counts}")

    def _return(self, entry: LogEntry, added: int) -> None:
        if entry.reason not in RETURNING or (self.is_whole and added > self.taken):
            self._breach(entry, f"{added} rows come without a receipt")
        self.taken -= added

    def _account(self, entry: LogEntry) -> None:
        gone = [self.live.pop(path) for path in entry.removed if path in self.live]
        origins = frozenset[int]().union(*(one.origins for one in gone))
        if not entry.removed:
            origins = frozenset({entry.version})
        self.live |= {file.path: Held(file, origins) for file in entry.added}
        if entry.removed and (self.is_whole or len(gone) == len(entry.removed)):
            self._take(entry, gone, origins)

    def _take(self, entry: LogEntry, gone: list[Held], origins: frozenset[int]) -> None:
        lost = sum(one.file.rows for one in gone) - sum(file.rows for file in entry.added)
        if lost < 0 or (lost > 0 and entry.reason not in LOSING):
            self._breach(entry, f"{entry.reason or 'a rewrite'} changes the rows by {-lost}")
        if lost:
            self.touched |= origins
            self.taken += lost
        soon = entry.time + PERIOD + _CLOCKS
        if entry.reason == EXPIRE and any(one.file.path.expires > soon for one in gone):
            self._breach(entry, "files were dropped before their hour")


def _moves(entry: LogEntry) -> Iterator[tuple[Partition, int]]:
    """The partitions that an entry moves; other applications' ids are none."""
    for name, version in entry.versions.items():
        try:
            yield Partition.parse(name), version
        except ValueError:
            continue
