"""An hour of a fleet, as the sink would have stored it: of each table a file a flush.

The robots are the demo's, each in a home of its own, and live an hour without Kafka or a worker
between: pseudonyms and positions are made up.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import uuid4

import msgspec
import pyarrow as pa

from jobs.demo.fleet.registrations import VENDORS, Owner, owner_of
from jobs.demo.fleet.robot import Robot, Said
from schemas.retention import FORTNIGHT, microseconds
from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY, Table
from schemas.tables.cleaning_history import Cleaning
from schemas.tables.map_tiles import MapTile
from schemas.tables.telemetry import Telemetry
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.tiles import raw

HOUR = timedelta(hours=1)
TABLES = {Telemetry: TELEMETRY, MapTile: MAP_TILES, Cleaning: CLEANING_HISTORY}

_SEED = 1
_PARTITIONS = 6
_TOPIC_ID = "an-hour-that-was-made-up"
_APPLICATION = "the-hour"

Row = dict[str, Any]


def begin_before(now: datetime) -> datetime:
    """An hour that is over for long enough to be compacted; never one that late rows go to too."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - 5 * HOUR
    return hour if hour.hour else hour - HOUR


def flushes(begin: datetime, robots: int, period: timedelta) -> Iterator[tuple[Table, pa.Table]]:
    """The rows of every flush of an hour, the same ones every time.

    Args:
        begin: A full hour, UTC.
        robots: How many; each says some 1,600 readings, 700 tiles and 6 cleanings.
        period: From flush to flush.
    """
    waiting: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)
    for index in range(robots):
        owner = owner_of(_SEED, index, VENDORS[:1], ("DE",))
        life = Robot.of(owner, _SEED, index).life()
        for number, said in enumerate(takewhile(lambda said: said.at < HOUR.seconds, life)):
            row = _row(owner, said, microseconds(begin))
            row |= {"partition": index % _PARTITIONS, "offset": number * robots + index}
            waiting[TABLES[type(said.what)].name, int(said.at / period.seconds)].append(row)
    schemas = {table.name: table for table in TABLES.values()}
    for (name, _), rows in sorted(waiting.items(), key=lambda flush: flush[0]):
        yield schemas[name], pa.Table.from_pylist(rows, schemas[name].schema)


def store(destination: Destination, begin: datetime, parts: Sequence[pa.Table]) -> None:
    """Put the flushes of a table that is empty, a file each, and commit them."""
    files = [_put(destination, begin, rows) for rows in parts]
    destination.versions([_APPLICATION])
    destination.append(files, {_APPLICATION: len(files)})


def _put(destination: Destination, begin: datetime, rows: pa.Table) -> DataFile:
    path = DataPath(begin.date(), begin + FORTNIGHT, uuid4())
    data = encode(rows, destination.table)
    destination.store.put(object_key(destination.table.name, path), data)
    return describe(rows, data, path, begin + HOUR)


def _row(owner: Owner, said: Said, begin: int) -> Row:
    row: Row = msgspec.structs.asdict(said.what)
    for name in ("device", "session", "map"):
        if row.get(name):
            row[name] = _pseudonym(name, row[name])
    for name in ("event_time", "started"):
        if name in row:
            row[name] += begin
    about = {"vendor": owner.vendor, "model": owner.model, "country": owner.country}
    made_up = {"key_version": 1, "clock_believed": True, "topic_id": _TOPIC_ID}
    return {**row, **about, **made_up, "ingest_time": row["event_time"], "encoding": raw.ENCODING}


def _pseudonym(name: str, value: str) -> str:
    return f"k1:{hashlib.sha256(f'{name} {value}'.encode()).hexdigest()[:32]}"
