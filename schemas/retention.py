"""When a row must be gone: from event and ingest time to the hour in its path.

The fortnight counts from the earliest moment at which the data existed with us or the robot.
Everything here depends on a record alone, never on the present, so that every try of a flush
puts a row into the same group.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from schemas.policies import Policies

FORTNIGHT = Policies.shipped().retention
"""What every policy says, or leaves to this deployment (their clauses of kind `retention`)."""

CLOCK_AHEAD = timedelta(minutes=5)
"""A robot's clock may be this far ahead of the broker's and still be believed."""

SANE_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
"""No robot of the fleet reported before: an earlier clock was never set."""

FRESH = timedelta(hours=2)
"""Rows older than this are grouped by date, so that late uploads make no tiny files."""

_HOUR = np.int64(3_600_000_000)
_DAY = 24 * _HOUR
_HOUR_FORMAT = "%Y-%m-%dT%H"


def microseconds(value: timedelta | datetime) -> int:
    """A duration, or a moment since 1970 in UTC, in the unit of the wire."""
    since = value - datetime(1970, 1, 1, tzinfo=UTC) if isinstance(value, datetime) else value
    return since // timedelta(microseconds=1)


_LAST = microseconds(datetime.max.replace(tzinfo=UTC))
"""Of a moment in Python: what a record says may be far behind it."""


def moment(value: int) -> datetime:
    """The UTC moment of microseconds since 1970; the last that there is for any behind it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(value, _LAST))


def hour_of(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """The start of each moment's hour; (n,) int64 microseconds since 1970 in UTC, both."""
    return times - times % _HOUR


def format_hour(value: datetime) -> str:
    """The `expires` of a path, an hour in UTC: `2026-12-05T14`."""
    return value.astimezone(UTC).strftime(_HOUR_FORMAT)


def parse_hour(text: str) -> datetime:
    """Read an `expires` back.

    Raises:
        ValueError: It is not an hour.
    """
    return datetime.strptime(text, _HOUR_FORMAT).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The clocks of n records, all microseconds since 1970 in UTC.

    Attributes:
        event_times: (n,) int64, the robot's where it can be believed, else the broker's.
        believed: (n,) bool, whether the robot's clock was.
        expires: (n,) int64, the hour by which the row must be gone.
        on_arrival: (n,) bool, the record was older than the late window when it came.
    """

    event_times: NDArray[np.int64]
    believed: NDArray[np.bool_]
    expires: NDArray[np.int64]
    on_arrival: NDArray[np.bool_]


def lifetimes(
    event_times: NDArray[np.int64],
    ingest_times: NDArray[np.int64],
    first_ingest_times: NDArray[np.int64],
    late_window: timedelta,
) -> Lifetimes:
    """Judge the clocks of n records, by arithmetic on columns.

    Args:
        event_times: (n,) int64, the robot's clock, microseconds since 1970 in UTC.
        ingest_times: (n,) int64, the broker's clock.
        first_ingest_times: (n,) int64, when a replayed record first came, else its ingest time;
            it can only make a row expire earlier.
        late_window: How much older than its ingest a record may be.
    """
    insane = (event_times > ingest_times + microseconds(CLOCK_AHEAD)) | (
        event_times < microseconds(SANE_SINCE)
    )
    events = np.where(insane, ingest_times, event_times)
    starts = np.minimum(np.minimum(events, ingest_times), first_ingest_times)
    on_arrival = starts < ingest_times - microseconds(late_window)
    return Lifetimes(events, ~insane, _expires(starts, ingest_times), on_arrival)


def _expires(starts: NDArray[np.int64], ingest_times: NDArray[np.int64]) -> NDArray[np.int64]:
    fortnight = microseconds(FORTNIGHT)
    by_hour = hour_of(starts) + fortnight
    by_date = starts - starts % _DAY + fortnight
    fresh = starts >= ingest_times - microseconds(FRESH)
    nearly_over = by_date - ingest_times < _DAY
    return np.where(fresh | nearly_over, by_hour, by_date)
