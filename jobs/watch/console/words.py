"""Numbers and times as the page tells them: `31,204`, `4.1 MB`, `03:13:00 UTC`."""

from datetime import datetime, timedelta

_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_ROUND = 10
_SAME_DAY = timedelta(hours=20)


def number(value: float) -> str:
    """A count, with commas; a fraction below ten keeps one digit."""
    return f"{value:,.1f}" if 0 < abs(value) < _ROUND and value % 1 else f"{value:,.0f}"


def size(value: float) -> str:
    """Bytes, in the largest unit that leaves a digit before the point."""
    for unit_size, unit in _BYTES:
        if value >= unit_size:
            return f"{value / unit_size:.1f} {unit}"
    return f"{value:,.0f} B"


def clock(value: datetime, now: datetime | None = None) -> str:
    """The time of day in UTC, which is what logs say too; with the date where it is not today."""
    if now is not None and abs(now - value) > _SAME_DAY:
        return f"{value:%d %b %H:%M} UTC".lstrip("0")
    return f"{value:%H:%M:%S} UTC"
