"""A partition's spans in columns: a fortnight of flushes is a hundred thousand of them."""

from array import array
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from storage.receipts import SpanReceipt

RECORDS, IN_HOLES = "records", "offsets in holes"
"""What is counted of a span beside the outcomes."""

_FIELDS = 3


class Tiles:
    """What a log says of one partition, span by span, in the log's order.

    Attributes:
        holes: First and last offset of each stretch that retention took before it was read.
    """

    def __init__(self) -> None:
        self.holes: list[tuple[int, int]] = []
        self._places = array("q")
        self._counts: dict[str, array[int]] = {}

    def __len__(self) -> int:
        """How many spans."""
        return len(self._places) // _FIELDS

    def append(self, version: int, receipt: SpanReceipt) -> None:
        """Lay the next span.

        Args:
            version: Of the log entry.
            receipt: What it says.
        """
        held = sum(last - first + 1 for first, last in receipt.holes)
        counts = {**receipt.outcomes, RECORDS: receipt.records, IN_HOLES: held}
        for name in counts.keys() - self._counts.keys():
            self._counts[name] = array("q", bytes(8 * len(self)))
        for name, column in self._counts.items():
            column.append(counts.get(name, 0))
        self._places.extend((version, receipt.span.first, receipt.span.last))
        self.holes += receipt.holes

    @property
    def end(self) -> int:
        """The last offset of the last span; there is one."""
        return self._places[-1]

    @property
    def versions(self) -> NDArray[np.int64]:
        """(n,) int64, of the log entries."""
        return np.array(self._places[0::_FIELDS], np.int64)

    @property
    def firsts(self) -> NDArray[np.int64]:
        """(n,) int64, each span's first offset."""
        return np.array(self._places[1::_FIELDS], np.int64)

    @property
    def lasts(self) -> NDArray[np.int64]:
        """(n,) int64, each span's last offset."""
        return np.array(self._places[2::_FIELDS], np.int64)

    @property
    def cuts(self) -> NDArray[np.int64]:
        """(n + 1,) int64, the offset before the first span, and the last of each."""
        return np.concatenate([self.firsts[:1] - 1, self.lasts])

    def totals(self) -> Mapping[str, int]:
        """Name of a count -> its sum."""
        return {name: sum(column) for name, column in self._counts.items()}

    def rows(self, outcome: str) -> NDArray[np.int64]:
        """(n,) int64, how many records of each span ended as something that begins so."""
        mine = [column for name, column in self._counts.items() if name.startswith(outcome)]
        return sum(map(np.array, mine), np.zeros(len(self), np.int64))

    def between(self, cuts: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Name of a count -> (m - 1,) int64, its sum between each two of m cuts."""
        places = np.searchsorted(self.lasts, cuts, "right")
        return {
            name: np.diff(np.concatenate([[0], np.cumsum(column)])[places])
            for name, column in self._counts.items()
        }
