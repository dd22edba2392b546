"""What makers' policies kept out, as the tables' receipts count it: a fortnight of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from storage.lake import Destination
from storage.receipts import Receipt

RECORDS = "whole records"
"""Instead of a column's name."""


class Kept(NamedTuple):
    """What was kept out, and why.

    Attributes:
        version: Of the maker's policy; empty where a receipt does not say.
        what: A column, or `RECORDS`.
        reason: A fixed phrase.
    """

    table: str
    vendor: str
    version: str
    what: str
    reason: str


def count(destinations: Iterable[Destination]) -> Counter[Kept]:
    """Records and values, from the logs alone.

    Args:
        destinations: Each table in one region: receipts of every region count the same records.

    Raises:
        RetryableError: A store gave no answer.
    """
    counts: Counter[Kept] = Counter()
    for destination in destinations:
        for entry in destination.entries():
            if entry.receipt:
                for (vendor, what, reason), n in _kept(entry.receipt):
                    version = entry.receipt.policies.get(vendor, "")
                    counts[Kept(destination.table.name, vendor, version, what, reason)] += n
    return counts


def _kept(receipt: Receipt) -> Iterator[tuple[tuple[str, str, str], int]]:
    for span in receipt.spans:
        for vendor, reasons in span.withheld.items():
            for reason, n in reasons.items():
                yield (vendor, RECORDS, reason), n
        for vendor, columns in span.blanked.items():
            for name, n in columns.items():
                column, _, reason = name.partition(": ")
                yield (vendor, column, reason), n
