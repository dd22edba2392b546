"""What a fleet needs, reckoned from its load, the settings and what was measured."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from math import ceil

from jobs.compact.plan import FAN_IN, FILE_BYTES
from jobs.sizing.load import Load
from jobs.sizing.measured import TABLES, Measured, RowBytes
from jobs.watch import EVERY
from schemas.retention import FORTNIGHT
from schemas.settings import Settings
from schemas.tables import MAP_TILES

UTILISATION = 0.6
"""Of a worker at the fleet's peak, with one worker dead; the rest is for catching up."""

_DAY = timedelta(days=1).total_seconds()
_KEPT = FORTNIGHT.days
_FEWEST = 2
_SHARES = 4
"""Partitions a worker, at least: where one dies, the others take whole partitions of it."""

_FOLDERS = 1.2
"""Files of a flush and region, for late rows have folders of their own; of 37 flushes of the demo's
readings, 1.1 (us) and 1.5 (eu)."""

_LETTERS = 0.3
"""Files of dead letters a flush; of 1,873 of the demo's, of whose records 1 % are broken, 0.27."""

_LETTER_BYTES = 10_000
"""Of such a file."""

_LISTS, _GETS, _CHECKPOINT = 3.1, 25.0, 0.1
"""Requests for the log a commit, counted on the demo's S3 server over those 1,873, while others
looked too: what a log holds since its last checkpoint, 20 entries at most, is read again and
again. A checkpoint is two puts."""

_ENTRY_BYTES = 2000
"""Of one entry, about."""

_COMPACT, _EXPIRE, _SWEEP, _RECONCILE = 96, 96, 24, 1
"""Runs a day: the schedules of `deploy`."""

_ENTRY_READS = _COMPACT + _SWEEP + _RECONCILE * _KEPT
"""How often a job reads an entry: a run of compact or sweep reads a day's, reconcile all."""

_LISTINGS = _COMPACT + 2 * _SWEEP + _RECONCILE
"""Of a whole log a day."""

_PAGE = 1000
_LOOKS = timedelta(days=1) / EVERY
"""Of `fortnight watch` a day; each asks every log for the next entry."""

_HOURS_HOT = 3
"""A file waits for compaction: its hour, two hours for late rows, and for the next run."""

_COMPACTED_FILES = 25
"""A day and table in a region: one an hour, and one of late rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """S3 requests a day, by what they cost.

    Attributes:
        puts: PUT and LIST.
        gets: GET and HEAD; of AWS's, twelve cost what one of the others does. DELETE is free.
    """

    puts: float
    gets: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What a fleet needs, all regions of the settings together.

    Attributes:
        cores: That are busy at the peak.
        partitions: Of each data topic.
        memory_mb: Of all workers.
        commits: A day, entries in the tables' logs.
        flushed_objects: Data files a day, before compaction.
        flushed_bytes: Their bytes.
        stored_bytes: Of a day after compaction.
        objects: Data files that lie there at a time.
        kafka_bytes: That Kafka keeps, before its own compression.
        requests: Who makes them -> how many a day.
    """

    records: float
    peak_per_second: float
    cores: float
    workers: int
    partitions: int
    memory_mb: float
    commits: float
    flushed_objects: float
    flushed_bytes: float
    stored_bytes: float
    objects: float
    kafka_bytes: float
    requests: Mapping[str, Requests]

    @property
    def kept_bytes(self) -> float:
        """Compacted, of a whole fortnight."""
        return self.stored_bytes * _KEPT

    @property
    def log_bytes(self) -> float:
        """Of the logs' entries of a fortnight."""
        return self.commits * _ENTRY_BYTES * _KEPT

    @property
    def total(self) -> Requests:
        """Everybody's."""
        made = self.requests.values()
        return Requests(puts=sum(one.puts for one in made), gets=sum(one.gets for one in made))

    @property
    def fullest(self) -> float:
        """Share of its core that the fullest worker is busy, at the peak and with one dead."""
        return self.cores * _fullest(self.workers, self.partitions)


@dataclass(frozen=True, slots=True)
class _Flushes:
    """A table's flushes of a day, by all workers.

    Attributes:
        files: That they put.
        size: Bytes of the files.
    """

    number: float
    files: float
    size: float


def plan(load: Load, settings: Settings, measured: Measured) -> Size:
    """Reckon what a fleet needs under these settings."""
    records, tables = load.records, measured.tables
    cores = load.peak * _cores(records, measured)
    fewest = max(_FEWEST, ceil(cores / UTILISATION))
    workers = next(n for n in count(fewest) if _fits(n, cores, settings))
    flushes = _sum(_flushes(records[name], tables[name], settings, workers) for name in records)
    commits = flushes.number * (len(settings.regions) + 1)
    stored = _stored(records, tables, settings)
    new = _compacted_files(flushes, stored, settings)
    objects = flushes.files * _HOURS_HOT / 24 + new * _KEPT
    return Size(
        records=sum(records.values()),
        peak_per_second=load.peak * sum(records.values()) / _DAY,
        cores=cores,
        workers=workers,
        partitions=_partitions(workers, settings),
        memory_mb=workers * _worker_mb(settings, measured),
        commits=commits,
        flushed_objects=flushes.files,
        flushed_bytes=flushes.size,
        stored_bytes=stored,
        objects=objects,
        kafka_bytes=_kafka_bytes(records, tables, settings),
        requests={
            "workers": _of_workers(commits, flushes.files),
            "compact": Requests(puts=2 * new, gets=flushes.files + new),
            "jobs that read logs": _of_jobs(commits, objects),
            "watch": Requests(puts=0, gets=commits + _LOOKS * _destinations(settings)),
        },
    )


def _cores(records: Mapping[str, float], measured: Measured) -> float:
    """Cores that are busy, on the day's mean; a finished cleaning costs what a reading does."""
    tiles = records[MAP_TILES.name]
    others = sum(records.values()) - tiles
    return (others / measured.records_per_second + tiles / measured.tiles_per_second) / _DAY


def _fits(workers: int, cores: float, settings: Settings) -> bool:
    return cores * _fullest(workers, _partitions(workers, settings)) <= UTILISATION


def _partitions(workers: int, settings: Settings) -> int:
    """The same number for every worker, and no fewer than are there."""
    return workers * max(_SHARES, ceil(settings.partitions / workers))


def _fullest(workers: int, partitions: int) -> float:
    """The largest share of the partitions that a worker has while another is dead."""
    return ceil(partitions / (workers - 1)) / partitions


def _flushes(records: float, table: RowBytes, settings: Settings, workers: int) -> _Flushes:
    """A flush begins with the first record that comes, and ends by period, rows or memory."""
    rate = records / _DAY / workers
    held = settings.memory_budget / 2 / table.held
    rows = 1 + min(settings.flush_period.total_seconds() * rate, settings.flush_rows, held)
    number = records / rows
    regions = min(len(settings.regions), rows)
    files = number * regions * _FOLDERS
    letters = number * _LETTERS
    size = files * table.file + records * table.hot + letters * _LETTER_BYTES
    return _Flushes(number, files + letters, size)


def _sum(flushes: Iterable[_Flushes]) -> _Flushes:
    each = [*flushes]
    return _Flushes(
        sum(one.number for one in each),
        sum(one.files for one in each),
        sum(one.size for one in each),
    )


def _stored(
    records: Mapping[str, float], tables: Mapping[str, RowBytes], settings: Settings
) -> float:
    files = _COMPACTED_FILES * len(settings.regions)
    return sum(records[name] * one.compacted + files * one.file for name, one in tables.items())


def _compacted_files(flushes: _Flushes, stored: float, settings: Settings) -> float:
    """Files that compaction writes a day."""
    late = flushes.files * (_FOLDERS - 1) / FAN_IN
    return _destinations(settings) * _COMPACTED_FILES + late + stored / FILE_BYTES


def _worker_mb(settings: Settings, measured: Measured) -> float:
    more = max(0, settings.memory_budget - Settings().memory_budget)
    return measured.worker_mb + more / 1e6


def _kafka_bytes(
    records: Mapping[str, float], tables: Mapping[str, RowBytes], settings: Settings
) -> float:
    """Of values; a segment is deleted when its newest record's time is over."""
    days = (settings.topic_retention + settings.topic_segment).total_seconds() / _DAY
    wire = sum(records[name] * one.wire for name, one in tables.items())
    return wire * days * settings.replication


def _destinations(settings: Settings) -> int:
    return 1 + len(TABLES) * len(settings.regions)


def _of_workers(commits: float, files: float) -> Requests:
    """A file is put and looked for; an entry is put after the log was read."""
    return Requests(puts=files + commits * (1 + _CHECKPOINT + _LISTS), gets=files + commits * _GETS)


def _of_jobs(commits: float, objects: float) -> Requests:
    """Every run reads what the logs say, and expire and sweep list what lies there."""
    pages = _LISTINGS * _KEPT * commits + (_EXPIRE + _SWEEP) * objects
    return Requests(puts=pages / _PAGE, gets=_ENTRY_READS * commits)


def lines(size: Size) -> Iterator[tuple[str, str]]:
    """What and how much, for people."""
    yield "records a day", f"{size.records:,.0f}"
    yield "records a second at the peak", f"{size.peak_per_second:,.0f}"
    yield "cores busy at the peak", f"{size.cores:,.2f}"
    yield "workers, one of which may die", f"{size.workers:,}"
    yield "partitions of each data topic", f"{size.partitions:,}"
    yield "fullest worker, one dead", f"{size.fullest:.0%} of a core"
    yield "memory of all workers", f"{size.memory_mb:,.0f} MB"
    yield "kept by Kafka, uncompressed", f"{size.kafka_bytes / 1e9:,.2f} GB"
    yield "objects put by flushes a day", f"{size.flushed_objects:,.0f}"
    yield "bytes put by flushes a day", f"{size.flushed_bytes / 1e9:,.2f} GB"
    yield "compacted bytes of a day", f"{size.stored_bytes / 1e9:,.3f} GB"
    yield "kept for a fortnight", f"{size.kept_bytes / 1e9:,.2f} GB"
    yield "objects at a time", f"{size.objects:,.0f}"
    yield "log entries a day", f"{size.commits:,.0f}"
    yield "logs, kept for a fortnight", f"{size.log_bytes / 1e9:,.2f} GB"
