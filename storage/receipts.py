"""What a commit says of its spans: how every record ended, and by which rules.

A receipt is the commit's metadata in the table's log. It names partitions, offsets, counts, vendors
and versions; nothing in it identifies a person or device.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from schemas.lineage import Partition, Span

_OUTCOME = re.compile(r"expired|(stored|rejected|withheld|elsewhere)/.+")


@dataclass(frozen=True, slots=True)
class SpanReceipt:
    """How every record of one span ended.

    Attributes:
        partition: Whose offsets the span counts.
        span: First to last offset, both included; not every offset is a record.
        records: Records in the span.
        outcomes: Outcome -> records: `stored/<region>`, `rejected/<reason>`, `withheld/<reason>`,
            `expired`, `elsewhere/<region>`. They sum to `records`.
        vendors: Vendor -> records stored.
        withheld: Vendor -> reason -> records that its policy withheld; they are in `outcomes` too.
        blanked: Vendor -> `<column>: <reason>` -> values that its policy took out of what was
            stored.
        registry_offset: `fleet.devices` was applied up to here when the span was admitted.
        holes: First and last offset of what retention took before it was read.
    """

    partition: Partition
    span: Span
    records: int
    outcomes: Mapping[str, int] = field(default_factory=dict)
    vendors: Mapping[str, int] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    blanked: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    registry_offset: int = -1
    holes: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if sum(self.outcomes.values()) != self.records:
            raise ValueError(f"{self.partition}: outcomes do not sum to {self.records} records")
        if not all(map(_OUTCOME.fullmatch, self.outcomes)):
            raise ValueError(f"{self.partition}: an outcome that is none")

    def count(self, ending: str) -> int:
        """Records that ended so, over all regions or reasons."""
        return sum(n for outcome, n in self.outcomes.items() if outcome.split("/")[0] == ending)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one commit says of the spans that it makes durable in its destination.

    Attributes:
        spans: One for each partition that the commit moves.
        policies: Vendor -> version of the policy that admitted its records.
        key_version: Of the pseudonyms' secret.
        routing_version: Of the residency rule.
        worker: Which worker wrote it.
        rows: Rows in the commit's files; 0 where the region got none.
    """

    spans: tuple[SpanReceipt, ...] = ()
    policies: Mapping[str, str] = field(default_factory=dict)
    key_version: int = 0
    routing_version: int = 0
    worker: str = ""
    rows: int = 0

    def format(self) -> str:
        """Canonical JSON: equal receipts give equal text."""
        return msgspec.json.encode(self, order="deterministic").decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `format`'s text back.

        Raises:
            ValueError: It is not a receipt, or its counts do not add up.
        """
        document: dict[str, Any] = msgspec.json.decode(text)
        return msgspec.convert(document, cls)
