"""What compacting an hour gains: objects, bytes, and how long analysts' questions take.

The questions are the analyst's guide's own, asked of the same rows before and after.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from jobs.compact import Shard, compact
from jobs.costs import hour
from jobs.demo.object_store import CREDENTIALS, S3Server
from schemas.errors import IntegrityError, SettingsError
from schemas.regions import Region
from schemas.settings import Settings
from storage.dataset import Lake, connect
from storage.lake import Destination
from storage.s3 import Credentials, S3Bucket, S3Location, S3Store
from storage.store import ObjectStore

GUIDE = Path("docs/analysts.md")
"""Relative to the repository."""

QUESTIONS = {
    "stuck": "Which models get stuck, with what, and where?",
    "maps_change": "How often do maps change?",
    "coverage": "How much of a home does a cleaning cover?",
}
"""Name of a figure -> the guide's heading."""

_REGION = Region("eu")
_TIMES = 3
"""A question is asked so often; the median counts."""

Rows = list[tuple[Any, ...]]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How large an hour is.

    Attributes:
        robots: That speak in it.
        period: From flush to flush.
    """

    robots: int = 60
    period: timedelta = Settings().flush_period


def questions(guide: str) -> dict[str, str]:
    """The SQL of the questions, as the guide prints it.

    Raises:
        SettingsError: It does not.
    """
    try:
        return {
            name: guide.split(f"### {heading}\n")[1].split("```sql\n")[1].partition("```")[0]
            for name, heading in QUESTIONS.items()
        }
    except IndexError as error:
        raise SettingsError(f"{GUIDE}: a question of the benchmark is not in it") from error


def measure_on_s3(folder: Path, scale: Scale, now: datetime) -> dict[str, float]:
    """Measure on an S3 server of our own.

    Args:
        folder: For the server's log.
        scale: How large the hour is.
        now: UTC.

    Raises:
        SettingsError: The guide cannot be read.
        IntegrityError: An answer is another after compaction.
    """
    asked = questions(_read(GUIDE))
    with S3Server(folder) as server:
        keys = Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        where = S3Location("fortnight-eu", "eu-central-1", server.url, keys)
        S3Bucket(where, []).create()
        return measure(S3Store(where), asked, scale, now)


def measure(
    store: ObjectStore, asked: Mapping[str, str], scale: Scale, now: datetime
) -> dict[str, float]:
    """Store an hour, ask, compact, ask again; the store is empty at first.

    Returns:
        Name -> number, the unit at the name's end.
    """
    lake = _stored(store, scale, hour.begin_before(now))
    before, answers = _look(lake, asked, "before")
    seconds, _ = _timed(lambda: _compact(lake, now))
    after, same = _look(lake, asked, "after")
    if answers != same:
        raise IntegrityError("a question has another answer after compaction")
    rows = {f"{name}_rows": sum(f.rows for f in one.live()) for (name, _), one in lake.items()}
    return {**rows, **before, **after, "compact_seconds": round(seconds, 2)}


def table(figures: Mapping[str, float]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| an hour | before | after |", "|---|---:|---:|"]
    for one in hour.TABLES.values():
        rows, pair = figures[f"{one.name}_rows"], _pair(figures, f"{one.name}_objects", "{:,.0f}")
        lines.append(f"| objects of `{one.name}`, {rows:,.0f} rows | {pair} |")
        pair = _pair(figures, f"{one.name}_bytes", "{:,.0f}")
        lines.append(f"| bytes of `{one.name}` | {pair} |")
    for name, heading in QUESTIONS.items():
        lines.append(f"| {heading} | {_pair(figures, f'{name}_seconds', '{:.2f} s')} |")
    return "\n".join(lines)


def _pair(figures: Mapping[str, float], name: str, how: str) -> str:
    stem, _, unit = name.rpartition("_")
    return " | ".join(how.format(figures[f"{stem}_{when}_{unit}"]) for when in ("before", "after"))


def _stored(store: ObjectStore, scale: Scale, begin: datetime) -> Lake:
    lake = {(one.name, _REGION): Destination(one, _REGION, store) for one in hour.TABLES.values()}
    flushes = [*hour.flushes(begin, scale.robots, scale.period)]
    for destination in lake.values():
        destination.create()
        parts = [rows for table, rows in flushes if table is destination.table]
        hour.store(destination, begin, parts)
    return lake


def _compact(lake: Lake, now: datetime) -> None:
    for destination in lake.values():
        compact(destination, lambda: now, Settings().late_window, Shard())


def _look(
    lake: Lake, asked: Mapping[str, str], when: str
) -> tuple[dict[str, float], dict[str, Rows]]:
    """The figures of the tables as they are, and the answers."""
    figures: dict[str, float] = {}
    answers = {}
    for (name, _), destination in lake.items():
        files = destination.live()
        figures[f"{name}_{when}_objects"] = len(files)
        figures[f"{name}_{when}_bytes"] = sum(file.size for file in files)
    for name, query in asked.items():
        runs = [_timed(lambda query=query: _ask(lake, query)) for _ in range(_TIMES)]  # type: ignore[misc]
        figures[f"{name}_{when}_seconds"] = round(statistics.median(run[0] for run in runs), 3)
        answers[name] = runs[0][1]
    return figures, answers


def _ask(lake: Lake, query: str) -> Rows:
    with connect(lake) as connection:
        return sorted(connection.execute(query).fetchall(), key=str)


def _timed(do: Callable[[], Result]) -> tuple[float, Result]:
    begin = time.perf_counter()
    result = do()
    return time.perf_counter() - begin, result


def _read(guide: Path) -> str:
    try:
        return guide.read_text("utf-8")
    except OSError as error:
        raise SettingsError(f"{guide}: run this in the repository") from error
