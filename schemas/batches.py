"""The states of a batch on its way: skipping one is a type error.

A batch holds records of one partition in offset order. `rows` always carry `offset` (int64) and
`ingest_time` (int64 microseconds until the row is stored).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PrivacyError
from schemas.lineage import Partition
from schemas.privacy import FORBIDDEN_AT_REST, columns_with

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class WireBatch:
    """What one fetch brought of one partition.

    Attributes:
        first: Where the consumer stood before: whatever lies between is not a record.
        next_offset: Where it stands now, also when nothing was a record.
        offsets: (n,) int64, ascending, not contiguous (compaction, transaction markers).
        ingest_times: (n,) int64, microseconds since 1970 in UTC, the broker's clock.
        values: n values; None is a tombstone.
        headers: By index into the batch; most records have none.
    """

    partition: Partition
    first: int
    next_offset: int
    offsets: NDArray[np.int64]
    ingest_times: NDArray[np.int64]
    values: list[bytes | None]
    headers: Mapping[int, Headers]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Ending:
    """How some records ended that did not go on to the next step.

    Attributes:
        how: As a receipt counts it: `rejected/<reason>`, `withheld/<reason>`, `expired`,
            `elsewhere/<region>`.
        offsets: (n,) int64.
        ingest_times: (n,) int64, microseconds since 1970 in UTC.
        vendor: Whose policy withheld them; empty where none did.
    """

    how: str
    offsets: NDArray[np.int64]
    ingest_times: NDArray[np.int64]
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class Blanked:
    """Values of one column that a maker's policy took out of records that are stored.

    Attributes:
        vendor: Whose policy.
        reason: A fixed phrase.
        offsets: (n,) int64, of the records that had a value.
    """

    vendor: str
    column: str
    reason: str
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """Columns as the wire schema has them, identifiers in the clear."""

    partition: Partition
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class ValidBatch:
    """Rows that keep every rule of their table."""

    partition: Partition
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class AdmittedBatch:
    """Rows that may be stored, with what the registry knows and the hour they expire.

    Attributes:
        blanked: Values that are not in the rows, because a policy says so.
    """

    partition: Partition
    rows: pa.RecordBatch
    blanked: tuple[Blanked, ...] = ()


@dataclass(frozen=True, slots=True)
class PseudonymousBatch:
    """Rows of one region that name nobody: the only state that `storage` accepts.

    Raises:
        PrivacyError: A column is of a class that may not be stored, or of none.
    """

    partition: Partition
    region: str
    rows: pa.RecordBatch

    def __post_init__(self) -> None:
        try:
            clear = columns_with(self.rows.schema, *FORBIDDEN_AT_REST)
        except ValueError as error:
            raise PrivacyError(str(error)) from None
        if clear:
            raise PrivacyError(f"columns in the clear: {', '.join(clear)}")
