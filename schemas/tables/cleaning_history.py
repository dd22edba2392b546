"""Cleaning history: one finished cleaning a row."""

from typing import Annotated, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.privacy import Privacy, column
from schemas.tables.declare import (
    DEVICE,
    INSTANT,
    LINEAGE,
    Identifier,
    Microseconds,
    Rule,
    Table,
)
from schemas.tables.telemetry import Count, FanSpeed, Subsystem

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Mode = Literal["all", "zone", "segment", "spot"]
Result = Literal["finished", "stopped", "fault"]


class Cleaning(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One finished cleaning as a robot publishes it on `fleet.cleaning-history`.

    `event_time` is when it ended.
    """

    device: Identifier
    event_time: Microseconds
    session: Identifier
    started: Microseconds
    mode: Mode = "all"
    result: Result = "finished"
    area: Count
    duration: Count
    map: Identifier | None = None
    segments: Annotated[int, msgspec.Meta(ge=0, le=31)] | None = None
    fan_speed: FanSpeed | None = None
    battery_start: Percent | None = None
    battery_end: Percent | None = None
    fault_subsystem: Subsystem = "none"


RULES: dict[str, Rule] = {
    "the cleaning ended before it started": lambda rows: pc.greater_equal(
        rows["event_time"], rows["started"]
    ),
}

_WORK = "cleaning history for its owner; wear by model"

CLEANING_HISTORY = Table(
    name="cleaning_history",
    topic="fleet.cleaning-history",
    wire=Cleaning,
    sort=("device", "event_time"),
    rules=RULES,
    schema=pa.schema(
        [
            *DEVICE,
            column("session", pa.string(), privacy=Privacy.PSEUDONYM, purpose="its readings"),
            column("started", INSTANT, privacy=Privacy.MEASURE, purpose=_WORK, unit="UTC"),
            column("mode", pa.string(), privacy=Privacy.MEASURE, purpose=_WORK),
            column("result", pa.string(), privacy=Privacy.MEASURE, purpose=_WORK),
            column("area", pa.int32(), privacy=Privacy.MEASURE, purpose=_WORK, unit="cm2"),
            column("duration", pa.int32(), privacy=Privacy.MEASURE, purpose=_WORK, unit="s"),
            column("map", pa.string(), privacy=Privacy.PSEUDONYM, purpose="the map it cleaned"),
            column(
                "segments",
                pa.int8(),
                privacy=Privacy.MEASURE,
                purpose=_WORK,
                unit="rooms",
                note="how many; never their names",
            ),
            column("fan_speed", pa.string(), privacy=Privacy.MEASURE, purpose=_WORK),
            column("battery_start", pa.int8(), privacy=Privacy.MEASURE, purpose=_WORK, unit="%"),
            column("battery_end", pa.int8(), privacy=Privacy.MEASURE, purpose=_WORK, unit="%"),
            column("fault_subsystem", pa.string(), privacy=Privacy.MEASURE, purpose=_WORK),
            *LINEAGE,
        ]
    ),
)
