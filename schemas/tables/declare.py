"""What a table is, and the columns that every table of robots' rows shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.privacy import Privacy, column

INSTANT = pa.timestamp("us", tz="UTC")

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
"""A name that a maker gave to a device, a map or a session."""

Microseconds = Annotated[int, msgspec.Meta(ge=0, le=2**62)]
"""Since 1970 in UTC, by the robot's own clock."""

_WORD = r"^[A-Za-z0-9][A-Za-z0-9 ._+\-]*$"

Word = Annotated[str, msgspec.Meta(max_length=32, pattern=_WORD)]
"""A short technical word: a model, a vendor."""

RuledWord = Annotated[str, msgspec.Meta(max_length=32, extra_json_schema={"pattern": _WORD})]
"""A `Word` that is checked by `is_word`, once a distinct value: a pattern costs as much as the
rest of a record.
"""

Rule = Callable[[pa.RecordBatch], pa.BooleanArray]
"""Rows -> (n,) bool, true where a row keeps the rule."""


TEXT = pa.dictionary(pa.int32(), pa.string())
"""Text on its way: few distinct values, so that every step handles small integers."""


def is_word(name: str) -> Rule:
    """The rule that a column of `RuledWord` keeps."""

    def rule(rows: pa.RecordBatch) -> pa.BooleanArray:
        words = rows[name].dictionary_encode()
        fits = pc.match_substring_regex(words.dictionary, _WORD).take(words.indices)
        return pc.fill_null(fits, fill_value=True)

    return rule


@dataclass(frozen=True, slots=True)
class Table:
    """A named set of rows with one declared schema.

    Attributes:
        name: Of the table: a folder, a view.
        topic: Kafka's topic that its records come from; empty where rows are made by the pipeline.
        wire: What a robot sends; None where rows are made by the pipeline.
        schema: As stored, without the partition columns `date` and `expires`.
        sort: The order of rows in a file.
        rules: Reason a row is refused -> the rows that are not, by column arithmetic.
        zstd_level: What its files are compressed with.
    """

    name: str
    topic: str
    wire: type[msgspec.Struct] | None
    schema: pa.Schema
    sort: tuple[str, ...]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    zstd_level: int = 3


LINEAGE: tuple[pa.Field, ...] = (
    column("topic_id", pa.string(), privacy=Privacy.LINEAGE, purpose="proof of coverage"),
    column("partition", pa.int32(), privacy=Privacy.LINEAGE, purpose="proof of coverage"),
    column("offset", pa.int64(), privacy=Privacy.LINEAGE, purpose="proof of coverage"),
    column(
        "ingest_time",
        INSTANT,
        privacy=Privacy.LINEAGE,
        purpose="retention",
        unit="UTC",
        note="the broker's clock",
    ),
)
"""Where a row came from; with the topic's id, a position is unique for ever."""

DEVICE: tuple[pa.Field, ...] = (
    column("device", pa.string(), privacy=Privacy.PSEUDONYM, purpose="which rows belong together"),
    column(
        "key_version", pa.int16(), privacy=Privacy.LINEAGE, purpose="which key made the pseudonyms"
    ),
    column("vendor", pa.string(), privacy=Privacy.MEASURE, purpose="which policy applies"),
    column("model", pa.string(), privacy=Privacy.MEASURE, purpose="faults and wear by model"),
    column(
        "country",
        pa.string(),
        privacy=Privacy.GENERALISED,
        purpose="residency",
        note="ISO 3166-1 alpha-2, as registered",
    ),
    column(
        "event_time",
        INSTANT,
        privacy=Privacy.MEASURE,
        purpose="when it happened",
        unit="UTC",
        note="the robot's clock where it can be believed, else the broker's",
    ),
    column(
        "clock_believed",
        pa.bool_(),
        privacy=Privacy.MEASURE,
        purpose="whether event_time is the robot's own",
    ),
)
"""What every row of a robot begins with."""
