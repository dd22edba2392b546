"""Numbers as somebody reads them at 3 a.m.: `3 d 22 h`, `31,204`, `4.1 MB`."""

from datetime import datetime, timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_SHORT = timedelta(seconds=10)
_ROUND_MINUTES, _ROUND = 5, 10
_SAME_DAY = timedelta(hours=20)


def duration(value: timedelta) -> str:
    """The two largest units, rounded down: `3 d 22 h`, `4 min`, `42 s`, `80 ms`; never negative.

    Minutes stand alone from five on, for nobody needs the seconds then.
    """
    if timedelta(0) < value < timedelta(seconds=1):
        return f"{value / timedelta(milliseconds=1):.0f} ms"
    if value < _SHORT:
        return f"{max(value.total_seconds(), 0):.1f} s".replace(".0 s", " s")
    left = int(value.total_seconds())
    words: list[tuple[int, str]] = []
    for size, unit in _UNITS:
        amount, left = divmod(left, size)
        if amount or words:
            words.append((amount, unit))
    if words[0][1] == "min" and words[0][0] >= _ROUND_MINUTES:
        words = words[:1]
    return " ".join(f"{amount} {unit}" for amount, unit in words[:2] if amount)


def number(value: float) -> str:
    """A count, with commas; a fraction below ten keeps one digit."""
    return f"{value:,.1f}" if 0 < abs(value) < _ROUND and value % 1 else f"{value:,.0f}"


def size(value: float) -> str:
    """Bytes, in the largest unit that leaves a digit before the point."""
    for unit_size, unit in _BYTES:
        if value >= unit_size:
            return f"{value / unit_size:.1f} {unit}"
    return f"{value:,.0f} B"


def counted(value: int, one: str, many: str = "") -> str:
    """`1 record waits`, `31,204 records wait`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def clock(value: datetime, now: datetime | None = None) -> str:
    """The time of day in UTC, which is what logs say too; with the date where it is not today."""
    if now is not None and abs(now - value) > _SAME_DAY:
        return f"{value:%d %b %H:%M} UTC".lstrip("0")
    return f"{value:%H:%M:%S} UTC"
