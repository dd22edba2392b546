"""What erasing one device costs: requests, bytes read and bytes written, by how many files have it.

The files are of an hour of the demo's robots, which is made once; they differ in which of three
devices some rows are of. Counted is what is asked of the store, by a first search, by taking the
rows out, and by the search after that which finds nothing; the table's log goes by its own way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from jobs.costs import hour
from jobs.rewriting import Search, Selection, take_out_found
from jobs.rewriting.counted import Cost, CountedStore
from schemas.errors import IntegrityError
from schemas.regions import Region
from schemas.retention import FORTNIGHT
from schemas.tables import TELEMETRY
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.store import ObjectStore

READ_PERCENT = 10.0
"""Of the table's bytes, at most, for the device that is in 20 of 1,000 files."""

_APPLICATION = "the-hours"
_READINGS = 1_500
"""Of a robot in an hour, and some more."""

_AT_ONCE = 100
"""Files of a commit."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a table is.

    Attributes:
        files: Of it.
        rows: Of a file.
        spread: How many of its files each of the devices is in.
    """

    files: int = 1_000
    rows: int = 100_000
    spread: tuple[int, ...] = (1, 20, 1_000)


def measure(store: ObjectStore, scale: Scale, now: datetime) -> dict[str, float]:
    """Make a table, and erase one device after the other; the store is empty at first.

    Returns:
        Name -> number, the unit at the name's end.

    Raises:
        IntegrityError: Something of a device is left.
    """
    counted = CountedStore(store)
    destination = Destination(TELEMETRY, Region("eu"), counted)
    destination.create()
    _fill(destination, scale, hour.begin_before(now))
    size = sum(file.size for file in destination.live())
    figures: dict[str, float] = {"files": scale.files, "rows_a_file": scale.rows}
    figures |= {"table_bytes": size}
    for files in scale.spread:
        counted.cost = Cost()
        _erase(destination, _name(files), files, now)
        cost = counted.cost
        figures |= {
            f"erase_{files}_requests": cost.requests,
            f"erase_{files}_read_bytes": cost.read,
            f"erase_{files}_read_percent": round(100 * cost.read / size, 2),
            f"erase_{files}_written_bytes": cost.written,
        }
    return figures


def table(figures: Mapping[str, float], scale: Scale) -> str:
    """The figures as a table in Markdown."""
    head = f"| of {scale.files:,} files of {scale.rows:,} rows it is in |"
    lines = [f"{head} requests | bytes read | of the table | bytes written |"]
    lines.append("|---:|---:|---:|---:|---:|")
    for files in scale.spread:
        requests, read, percent, written = (
            figures[f"erase_{files}_{what}"]
            for what in ("requests", "read_bytes", "read_percent", "written_bytes")
        )
        lines.append(f"| {files:,} | {requests:,} | {read:,} | {percent:.1f} % | {written:,} |")
    return "\n".join(lines)


def misses(figures: Mapping[str, float]) -> list[str]:
    """What was not reached, in words; empty when all was."""
    percent = figures["erase_20_read_percent"]
    wanted = f"at most {READ_PERCENT} % were wanted"
    return [f"{percent} % was read for 20 files, {wanted}"] if percent > READ_PERCENT else []


def _erase(destination: Destination, name: str, files: int, now: datetime) -> None:
    search = Search(destination, Selection(frozenset({name})))
    taken = take_out_found(search, reason="erase", clock=lambda: now)
    if taken.files != files or not search.found().is_nothing:
        raise IntegrityError(f"{destination}: of a device in {files} files something is left")


def _fill(destination: Destination, scale: Scale, begin: datetime) -> None:
    """Put the files and commit them; of those with the same devices each has the same bytes."""
    rows = _an_hour(begin, scale.rows)
    made: dict[tuple[int, ...], tuple[pa.Table, bytes]] = {}
    waiting: list[DataFile] = []
    for number in range(scale.files):
        mine = tuple(files for files in scale.spread if number < files)
        if mine not in made:
            content = _with(rows, scale.spread, mine)
            made[mine] = content, encode(content, destination.table)
        content, data = made[mine]
        path = DataPath(begin.date(), begin + FORTNIGHT, uuid4())
        destination.store.put(object_key(destination.table.name, path), data)
        waiting.append(describe(content, data, path, begin + hour.HOUR))
        if len(waiting) == _AT_ONCE or number == scale.files - 1:
            destination.versions([_APPLICATION])
            destination.append(waiting, {_APPLICATION: number})
            waiting.clear()


def _an_hour(begin: datetime, n: int) -> pa.Table:
    """So many readings of the demo's robots."""
    flushes = hour.flushes(begin, n // _READINGS + len(Scale().spread), hour.HOUR)
    rows = pa.concat_tables(part for one, part in flushes if one is TELEMETRY)
    return rows.sort_by("event_time").slice(0, n)


def _with(rows: pa.Table, spread: Sequence[int], mine: Sequence[int]) -> pa.Table:
    """The same rows, of which those of some devices have the names that are looked for."""
    devices = pc.unique(rows["device"]).to_pylist()
    names = {device: _name(files) for device, files in zip(devices, spread, strict=False)}
    wanted = {device: name for device, name in names.items() if name in map(_name, mine)}
    column = rows["device"].combine_chunks().dictionary_encode()
    words = [wanted.get(word, word) for word in column.dictionary.to_pylist()]
    renamed = pa.DictionaryArray.from_arrays(column.indices, pa.array(words)).cast(pa.string())
    at = rows.schema.get_field_index("device")
    return rows.set_column(at, rows.schema.field(at), renamed)


def _name(files: int) -> str:
    """The pseudonym of the device that is in so many files."""
    return f"k1:{files * 0x9E3779B97F4A7C15 % 2**128:032x}"
