"""Following one destination's log: entry by entry, so that a look costs what is new.

A log is followed from its end on, and a little before it; `fortnight reconcile` reads all of it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from jobs.reconcile.ledger import Held, Ledger
from jobs.reconcile.tiles import IN_HOLES
from jobs.watch.places.holdings import Holdings, holdings
from jobs.watch.places.rejections import Flood, Rejections
from jobs.watch.state import Rejected
from schemas.tables import DEAD_LETTERS
from storage.lake import Destination
from storage.log import LogEntry, news

TAIL = 200
"""Entries before the newest that are read when a log is first followed."""

_MOST_BREACHES = 20
_REJECTED = "rejected/"


@dataclass(frozen=True, slots=True)
class TableSeen:
    """What a destination's log says up to a version; of entries, as far back as they were read.

    Attributes:
        committed: When spans were last committed, UTC; None: not seen.
        versions: Application id -> last offset that it holds; None: it does not know it.
        moved: Application id -> when it was last moved, UTC.
        lost: Application id -> offsets in the holes of receipts.
        rejected: By topic and reason; of the dead letters' log only.
        floods: Likewise.
        breaches: How receipts do not tile their partitions, in words; the last few.
        begins: The time of the first entry that was read, UTC; None: there is none.
    """

    destination: Destination
    version: int
    committed: datetime | None
    versions: Mapping[str, int | None]
    moved: Mapping[str, datetime]
    lost: Mapping[str, int]
    holdings: Holdings
    rejected: tuple[Rejected, ...]
    floods: tuple[Flood, ...]
    breaches: tuple[str, ...]
    begins: datetime | None


class TableLog:
    """One destination's log; to be used in one thread.

    `look` raises what the destination does; after an error, look again.
    """

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self._is_letters = destination.table is DEAD_LETTERS
        outcome = _REJECTED if self._is_letters else f"stored/{destination.region}"
        self._clock = "ingest_time" if self._is_letters else "event_time"
        self._ledger = Ledger(str(destination), outcome, is_whole=False)
        self._version = -1
        self._holdings: tuple[int, Holdings] | None = None
        self._committed: datetime | None = None
        self._begins: datetime | None = None
        self._known: dict[str, int | None] = {}
        self._moved: dict[str, datetime] = {}
        self._lost: Counter[str] = Counter()
        self._rejections = Rejections()

    def look(self, names: Iterable[str], now: datetime) -> TableSeen:
        """Catch up with the log.

        Args:
            names: Application ids whose versions are wanted.
            now: The time.
        """
        if self._version < 0:
            self._begin()
        for entry in news(self.destination.store, self.destination.table.name, self._version):
            self._add(entry)
        if new := [name for name in names if name not in self._known]:
            self._known |= self.destination.versions(new)
        return self._seen(now)

    def _begin(self) -> None:
        version = self.destination.version()
        with suppress(KeyError):  # being cleaned: then there is no tail
            for entry in self.destination.entries(version - TAIL):
                self._add(entry)
        live = self.destination.live()  # of the tail's end or later: what is read twice is one
        self._ledger.live = {file.path: Held(file, frozenset()) for file in live}
        self._version = max(self._version, version)

    def _add(self, entry: LogEntry) -> None:
        self._ledger.add(entry)
        for partition, tiles in self._ledger.tiles.items():
            self._lost[partition.application_id] += tiles.totals()[IN_HOLES]
        self._ledger.forget()
        for name, version in entry.versions.items():
            self._known[name] = max(version, self._known.get(name) or -1)
        for span in entry.receipt.spans if entry.receipt else ():
            self._committed = self._moved[span.partition.application_id] = entry.time
        if self._is_letters:
            self._rejections.add(entry)
        self._begins = self._begins or entry.time
        self._version = entry.version

    def _seen(self, now: datetime) -> TableSeen:
        if self._holdings is None or self._holdings[0] != self._version:
            files = (held.file for held in self._ledger.live.values())
            self._holdings = self._version, holdings(files, self._clock)
        return TableSeen(
            self.destination,
            self._version,
            committed=self._committed,
            versions=dict(self._known),
            moved=dict(self._moved),
            lost=dict(self._lost),
            holdings=self._holdings[1],
            rejected=self._rejections.states(now),
            floods=self._rejections.floods(now),
            breaches=tuple(map(str, self._ledger.breaches[-_MOST_BREACHES:])),
            begins=self._begins,
        )
