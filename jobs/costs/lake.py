"""A log as long as a busy fortnight's: how fast it opens, and how fast jobs plan on it.

The log is made up in a folder: 50,000 versions that are spread over 13 days, each with two files
that lie there empty. Nothing is read of them, for planning goes by names and by the log.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from jobs.compact import Shard
from jobs.compact import look as look_at_compaction
from jobs.costs.apart import apart, peak_bytes
from jobs.expire import look as look_at_expiry
from schemas.lineage import Partition, Span
from schemas.regions import Region
from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile, entry_key
from storage.receipts import Receipt, SpanReceipt

VERSIONS = 50_000
FILES_A_VERSION = 2

OPEN_SECONDS, PLAN_SECONDS, PLAN_BYTES = 3.0, 30.0, 2**30
"""What has to be reached: the log opens, and jobs plan, within."""

_SPREAD = timedelta(days=13)
_PARTITION = Partition("fleet.telemetry", "a-made-up-topic", 0)


def build(folder: Path, now: datetime, versions: int = VERSIONS) -> None:
    """Make the log up, and sum it up as the sink does; in a process of its own."""
    apart(_build, folder, now, versions)


def _build(folder: Path, now: datetime, versions: int) -> None:
    destination = _destination(folder)
    destination.create()
    for version in range(1, versions):
        _write(folder, version, now - _SPREAD + _SPREAD * version / versions)
    destination.checkpoint()


def measure(folder: Path, now: datetime) -> dict[str, float]:
    """Open and plan, each in a process of its own.

    Returns:
        Name -> number, the unit at the name's end.
    """
    figures: dict[str, float] = {}
    for name, job in _JOBS.items():
        seconds, cpu_seconds, peak, extra = apart(_timed, job, folder, now)
        figures[f"{name}_seconds"] = round(seconds, 3)
        figures[f"{name}_cpu_seconds"] = round(cpu_seconds, 3)
        figures[f"{name}_peak_bytes"] = peak
        figures |= extra
    return figures


def misses(figures: Mapping[str, float]) -> list[str]:
    """What was not reached, in words; empty when all was."""
    limits = {"open_seconds": OPEN_SECONDS}
    for name in ("compaction_plan", "expiry_plan"):
        limits |= {f"{name}_seconds": PLAN_SECONDS, f"{name}_peak_bytes": PLAN_BYTES}
    return [
        f"{name} is {figures[name]:,.1f}, at most {limit:,.0f} was wanted"
        for name, limit in limits.items()
        if figures[name] > limit
    ]


def _open(folder: Path, now: datetime) -> dict[str, float]:
    del now
    return {"log_versions": _destination(folder).version() + 1}


def _list(folder: Path, now: datetime) -> dict[str, float]:
    del now
    return {"live_files": len(_destination(folder).live())}


def _plan_compaction(folder: Path, now: datetime) -> dict[str, float]:
    tasks = look_at_compaction(_destination(folder), now, timedelta(days=9), Shard())
    return {"compaction_tasks": len(tasks)}


def _plan_expiry(folder: Path, now: datetime) -> dict[str, float]:
    plan, _ = look_at_expiry(_destination(folder), now + 2 * timedelta(days=1))
    return {"files_to_expire": len(plan.drop)}


_JOBS: dict[str, Callable[[Path, datetime], dict[str, float]]] = {
    "open": _open,
    "list": _list,
    "compaction_plan": _plan_compaction,
    "expiry_plan": _plan_expiry,
}


def _timed(
    job: Callable[[Path, datetime], dict[str, float]], folder: Path, now: datetime
) -> tuple[float, float, int, dict[str, float]]:
    start = time.perf_counter()
    extra = job(folder, now)
    seconds = time.perf_counter() - start
    return seconds, time.process_time(), peak_bytes(), extra


def _destination(folder: Path) -> Destination:
    return Destination(TELEMETRY, Region("eu"), DirectoryStore(folder))


def _write(folder: Path, version: int, at: datetime) -> None:
    hour = at.replace(minute=0, second=0, microsecond=0)
    actions = [_entry(version, at)]
    for number in range(FILES_A_VERSION):
        path = DataPath(hour.date(), hour + FORTNIGHT, UUID(int=version * FILES_A_VERSION + number))
        file = DataFile(path, 20_000, 1_000, at, {"ingest_time": (at, at), "event_time": (at, at)})
        place = folder / object_key(TELEMETRY.name, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        actions.append(_add(file))
    log = folder / entry_key(TELEMETRY.name, version)
    log.write_bytes(b"\n".join(msgspec.json.encode(action) for action in actions))
    os.utime(log, (at.timestamp(), at.timestamp()))


def _entry(version: int, at: datetime) -> Mapping[str, Any]:
    rows = 1_000 * FILES_A_VERSION
    span = SpanReceipt(_PARTITION, Span(version, version), rows, {"stored/eu": rows})
    receipt = Receipt((span,), rows=rows).format()
    told = {"timestamp": round(at.timestamp() * 1000), "operation": "WRITE", "receipt": receipt}
    return {"commitInfo": told}


def _add(file: DataFile) -> Mapping[str, Any]:
    return {
        "add": {
            "path": str(file.path),
            "partitionValues": file.path.partition,
            "size": file.size,
            "modificationTime": round(file.modified.timestamp() * 1000),
            "dataChange": True,
            "stats": file.statistics,
        }
    }
