"""Readings: what a robot says of itself every few seconds, in Valetudo's words."""

from typing import Annotated, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from schemas.privacy import Privacy, column
from schemas.tables.declare import (
    DEVICE,
    LINEAGE,
    Identifier,
    Microseconds,
    Rule,
    RuledWord,
    Table,
    is_word,
)

Metres = Annotated[float, msgspec.Meta(ge=-1000, le=1000)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

Status = Literal[
    "error", "docked", "idle", "returning", "cleaning", "paused", "manual_control", "moving"
]
Flag = Literal["none", "zone", "segment", "spot", "target", "resumable", "mapping"]
BatteryFlag = Literal["none", "charging", "discharging", "charged"]
FanSpeed = Literal["off", "min", "low", "medium", "high", "max", "turbo"]
FaultKind = Literal["transient", "permanent", "unknown", "none"]
FaultLevel = Literal["info", "warning", "error", "catastrophic", "unknown", "none"]
Subsystem = Literal[
    "core", "power", "sensors", "motors", "navigation", "attachments", "dock", "unknown", "none"
]


class Telemetry(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One reading as a robot publishes it on `fleet.telemetry`."""

    device: Identifier
    event_time: Microseconds
    status: Status
    status_flag: Flag = "none"
    battery_level: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    battery_flag: BatteryFlag = "none"
    session: Identifier | None = None
    x: Metres | None = None
    y: Metres | None = None
    area: Count | None = None
    duration: Count | None = None
    fan_speed: FanSpeed | None = None
    fault_kind: FaultKind = "none"
    fault_level: FaultLevel = "none"
    fault_subsystem: Subsystem = "none"
    fault_code: Annotated[int, msgspec.Meta(ge=0, le=65535)] | None = None
    firmware: RuledWord | None = None
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None


def _together(one: str, other: str) -> Rule:
    return lambda rows: pc.equal(rows[one].is_null(), rows[other].is_null())


RULES: dict[str, Rule] = {
    "firmware breaks its contract": is_word("firmware"),
    "x without y": _together("x", "y"),
    "latitude without longitude": _together("latitude", "longitude"),
}

_STATE = "how the robot works, and where it fails"

TELEMETRY = Table(
    name="telemetry",
    topic="fleet.telemetry",
    wire=Telemetry,
    sort=("device", "event_time"),
    rules=RULES,
    schema=pa.schema(
        [
            *DEVICE,
            column(
                "session",
                pa.string(),
                privacy=Privacy.PSEUDONYM,
                purpose="readings of one cleaning",
            ),
            column("status", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("status_flag", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column(
                "battery_level",
                pa.int8(),
                privacy=Privacy.MEASURE,
                purpose="battery wear",
                unit="%",
            ),
            column("battery_flag", pa.string(), privacy=Privacy.MEASURE, purpose="battery wear"),
            column(
                "x",
                pa.float32(),
                privacy=Privacy.MEASURE,
                purpose="where robots get stuck",
                unit="m",
                note="on the robot's own map",
            ),
            column(
                "y",
                pa.float32(),
                privacy=Privacy.MEASURE,
                purpose="where robots get stuck",
                unit="m",
                note="on the robot's own map",
            ),
            column("area", pa.int32(), privacy=Privacy.MEASURE, purpose=_STATE, unit="cm2"),
            column("duration", pa.int32(), privacy=Privacy.MEASURE, purpose=_STATE, unit="s"),
            column("fan_speed", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("fault_kind", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("fault_level", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("fault_subsystem", pa.string(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("fault_code", pa.int32(), privacy=Privacy.MEASURE, purpose=_STATE),
            column("firmware", pa.string(), privacy=Privacy.MEASURE, purpose="faults by firmware"),
            column(
                "latitude",
                pa.float32(),
                privacy=Privacy.GENERALISED,
                purpose="use by climate",
                unit="degree",
                note="to 0.1 degree",
            ),
            column(
                "longitude",
                pa.float32(),
                privacy=Privacy.GENERALISED,
                purpose="use by climate",
                unit="degree",
                note="to 0.1 degree",
            ),
            *LINEAGE,
        ]
    ),
)
