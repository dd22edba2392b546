"""Numbers as somebody reads them at 3 a.m.: `3 d 22 h`, `31,204 records wait`."""

from datetime import timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SHORT = timedelta(seconds=10)


def duration(value: timedelta) -> str:
    """The largest unit and, where it says something, the next: `3 d 22 h`, `4 min`, `0.8 s`."""
    if value < _SHORT:
        return f"{max(value.total_seconds(), 0.0):.1f} s".replace(".0 s", " s")
    rest = int(value.total_seconds())
    place = next(place for place, (size, _) in enumerate(_UNITS) if rest >= size)
    words = []
    for size, unit in _UNITS[place : place + 2]:
        amount, rest = divmod(rest, size)
        words += [f"{amount} {unit}"] if amount else []
    return " ".join(words)


def counted(n: int, one: str, many: str) -> str:
    """`1 record waits`, `31,204 records wait`."""
    return f"{n:,} {one if n == 1 else many}"
