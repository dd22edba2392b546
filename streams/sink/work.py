"""What a worker holds of a partition, and one partition's share of a flush."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.batches import Blanked, Ending, WireBatch
from schemas.errors import IntegrityError
from schemas.lineage import Partition, Span
from storage.receipts import SpanReceipt
from streams.pipeline import Collected
from streams.stages.route import Folder

Acknowledge = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Start:
    """Where to go on with a partition after an assignment.

    Attributes:
        versions: Destination -> last offset that its log holds.
        offset: The smallest of them plus one.
    """

    versions: Mapping[str, int]
    offset: int


@dataclass(slots=True)
class Held:
    """A partition that this worker owns, and what it collected of it since the last flush.

    Attributes:
        believed: Destination -> last offset that its log holds, as this worker believes.
        first: Where the next flush begins.
        next_offset: Where the consumer has to go on.
        lost: The partition was taken away: nobody waits for its flushes any more.
        byte_size: Of what was collected.
    """

    partition: Partition
    believed: dict[str, int]
    first: int
    next_offset: int
    lost: bool = False
    holes: list[tuple[int, int]] = field(default_factory=list)
    _collected: list[Collected] = field(default_factory=list)
    _offsets: list[NDArray[np.int64]] = field(default_factory=list)
    _acknowledgements: list[Acknowledge] = field(default_factory=list)
    byte_size: int = 0

    @classmethod
    def begin(cls, partition: Partition, start: Start) -> "Held":
        """A partition just assigned."""
        return cls(partition, dict(start.versions), start.offset, start.offset)

    @property
    def has_news(self) -> bool:
        """Whether a flush would move the partition."""
        return self.next_offset > self.first

    @property
    def rows(self) -> int:
        """Rows and ended records collected."""
        return sum(map(len, self._offsets))

    def collect(
        self, wire: WireBatch, collected: Collected, acknowledge: Acknowledge, byte_size: int
    ) -> None:
        """Take a chunk that begins at `next_offset`."""
        self.next_offset = wire.next_offset
        self._collected.append(collected)
        self._offsets.append(wire.offsets)
        self._acknowledgements.append(acknowledge)
        self.byte_size += byte_size

    def skip(self, last: int) -> None:
        """Record that retention took everything up to `last` before it was read."""
        self.holes.append((self.next_offset, last))
        self.next_offset = last + 1

    def forget(self) -> int:
        """Drop what was collected, since the partition was taken away; its bytes."""
        self.lost = True
        freed, self.byte_size = self.byte_size, 0
        self.next_offset, self.holes = self.first, []
        self._collected, self._offsets, self._acknowledgements = [], [], []
        return freed

    def take(self) -> "Taken":
        """Hand over what was collected; what follows goes into the next flush."""
        taken = Taken(
            self,
            Span(self.first, self.next_offset - 1),
            self._collected,
            np.concatenate([np.empty(0, np.int64), *self._offsets]),
            self._acknowledgements,
            tuple(self.holes),
            self.byte_size,
        )
        self.first, self.holes, self.byte_size = self.next_offset, [], 0
        self._collected, self._offsets, self._acknowledgements = [], [], []
        return taken


@dataclass(frozen=True, slots=True)
class Taken:
    """What a flush took of a partition."""

    held: Held
    span: Span
    collected: list[Collected]
    offsets: NDArray[np.int64]
    acknowledgements: Sequence[Acknowledge]
    holes: tuple[tuple[int, int], ...]
    byte_size: int


@dataclass(frozen=True, slots=True)
class Share:
    """One partition's share of a flush, judged and routed.

    Attributes:
        offsets: (n,) int64 of every record of the span, as Kafka gave them.
        rows: Destination -> folder -> rows.
        endings: Records that are not stored.
        blanked: Values that a policy took out of the rows.
        registry_offset: What `fleet.devices` was applied up to when they were judged.
        key_versions: Region -> version of the key that its rows are written under.
    """

    held: Held
    span: Span
    offsets: NDArray[np.int64]
    rows: Mapping[str, Mapping[Folder, pa.RecordBatch]]
    endings: Sequence[Ending]
    blanked: Sequence[Blanked]
    holes: tuple[tuple[int, int], ...]
    registry_offset: int
    key_versions: Mapping[str, int] = field(default_factory=dict)

    @property
    def partition(self) -> Partition:
        """Whose records they are."""
        return self.held.partition

    def base(self, destination: str) -> int:
        """The last offset that the destination is believed to hold."""
        return self.held.believed[destination]

    def span_above(self, destination: str) -> Span | None:
        """What the destination does not hold yet; None when it holds everything."""
        base = self.base(destination)
        return Span(base + 1, self.span.last) if base < self.span.last else None

    def rows_above(self, destination: str) -> Iterable[tuple[Folder, pa.RecordBatch]]:
        """The rows that the destination does not hold yet."""
        base = self.base(destination)
        for folder, rows in self.rows.get(destination, {}).items():
            left = rows if base < self.span.first else _above(rows, base)
            if left.num_rows:
                yield folder, left

    def receipt(self, destination: str, regions: Iterable[str]) -> SpanReceipt:
        """How every record above the destination's version ended.

        Raises:
            IntegrityError: The endings do not add up to the records: a bug, and nothing is
                committed.
        """
        base = self.base(destination)
        regions = tuple(regions)
        outcomes = Counter(
            {
                f"stored/{region}": sum(rows.num_rows for rows in self._stored(region, base))
                for region in regions
            }
        )
        for ending in self.endings:
            outcomes[ending.how] += _count(ending.offsets, base)
        try:
            return SpanReceipt(
                self.partition,
                Span(base + 1, self.span.last),
                int((self.offsets > base).sum()),
                +outcomes,
                _vendors(rows for region in regions for rows in self._stored(region, base)),
                self._withheld(base),
                self._blanked(base),
                self.registry_offset,
                tuple((max(first, base + 1), last) for first, last in self.holes if last > base),
            )
        except ValueError as error:
            raise IntegrityError(f"{self.partition}: {error}") from error

    def _stored(self, region: str, base: int) -> Iterator[pa.RecordBatch]:
        for rows in self.rows[region].values():
            yield rows if base < self.span.first else _above(rows, base)

    def _withheld(self, base: int) -> dict[str, Counter[str]]:
        """Vendor -> reason -> records above an offset."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for ending in self.endings:
            if ending.vendor and (count := _count(ending.offsets, base)):
                found[ending.vendor][ending.how.partition("/")[2]] += count
        return found

    def _blanked(self, base: int) -> dict[str, Counter[str]]:
        """Vendor -> column and reason -> values above an offset."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for one in self.blanked:
            if count := _count(one.offsets, base):
                found[one.vendor][f"{one.column}: {one.reason}"] += count
        return found


def _vendors(stored: Iterable[pa.RecordBatch]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for rows in stored:
        for one in rows["vendor"].value_counts().to_pylist():
            counts[one["values"]] += one["counts"]
    return counts


def _above(rows: pa.RecordBatch, base: int) -> pa.RecordBatch:
    return rows.filter(pa.array(rows["offset"].to_numpy() > base))


def _count(offsets: NDArray[np.int64], base: int) -> int:
    return int((offsets > base).sum())
