"""Rows are what the receipts say: only the columns that name positions are read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from jobs.reconcile.ledger import Breach, Ledger
from schemas.lineage import Partition
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile
from storage.ranged import ObjectFile

_AT_ONCE = 8
_COLUMNS = ["topic_id", "partition", "offset"]

Offsets = Mapping[tuple[str, int], NDArray[np.int64]]
"""(topic id, partition) -> (n,) int64, sorted, of every row."""

Content = Offsets | str
"""The positions in a file, or what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What lies in the files.

    Attributes:
        lost: Files that the log names, and what is wrong with them.
    """

    offsets: Offsets
    lost: Mapping[DataPath, str]


def read_files(destination: Destination, files: Iterable[DataFile]) -> dict[DataPath, Content]:
    """Read the positions of all rows of files, each file for itself."""

    def read(file: DataFile) -> tuple[DataPath, Content]:
        return file.path, _read(destination, file)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(pool.map(read, files))


def gather(contents: Mapping[DataPath, Content]) -> Rows:
    """Put the files of a table together."""
    parts: dict[tuple[str, int], list[NDArray[np.int64]]] = defaultdict(list)
    lost = {}
    for path, content in contents.items():
        if isinstance(content, str):
            lost[path] = content
            continue
        for key, offsets in content.items():
            parts[key].append(offsets)
    return Rows({key: np.sort(np.concatenate(some)) for key, some in parts.items()}, lost)


def check_rows(ledger: Ledger, rows: Rows) -> Iterator[Breach]:
    """Compare rows with receipts, span by span, and over all."""
    for path, what in rows.lost.items():
        yield Breach(f"{ledger.name}, {path}", what)
    known = {(one.topic_id, one.number): one for one in ledger.begins}
    found = expected = 0
    for key, offsets in rows.offsets.items():
        partition = known.get(key)
        if partition is None:
            yield Breach(ledger.name, f"{len(offsets)} rows of a partition that no receipt names")
            continue
        yield from _check_partition(ledger, partition, offsets)
        found += len(offsets) - int(np.searchsorted(offsets, ledger.begins[partition], "right"))
    for tiles in ledger.tiles.values():
        expected += int(tiles.rows(ledger.outcome).sum())
    if found != expected - ledger.taken:
        said = f"the receipts say {expected}, of which {ledger.taken} were taken away"
        yield Breach(ledger.name, f"{found} rows are there, {said}")


def check_once(partition: Partition, places: Mapping[str, Rows]) -> Iterator[Breach]:
    """Test that no position is in two destinations."""
    key = partition.topic_id, partition.number
    there = {name: rows.offsets[key] for name, rows in places.items() if key in rows.offsets}
    names = list(there)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            both = np.intersect1d(there[one], there[other])
            if len(both):
                first = f"{partition}@{both[0]}"
                yield Breach(first, f"{len(both)} positions are in {one} and in {other}")


def _check_partition(
    ledger: Ledger, partition: Partition, offsets: NDArray[np.int64]
) -> Iterator[Breach]:
    place = f"{ledger.name}, {partition}"
    twice = offsets[1:][offsets[1:] == offsets[:-1]]
    if len(twice):
        yield Breach(f"{place}@{twice[0]}", f"{len(twice)} positions are there twice")
    begin, end = ledger.begins[partition], ledger.end(partition)
    outside = int((offsets > (begin if end is None else end)).sum())
    if ledger.is_whole:
        outside += int((offsets <= begin).sum())
    if outside:
        yield Breach(place, f"{outside} rows lie outside of every span")
    yield from _check_spans(ledger, partition, offsets)


def _check_spans(
    ledger: Ledger, partition: Partition, offsets: NDArray[np.int64]
) -> Iterator[Breach]:
    tiles = ledger.tiles.get(partition)
    if not tiles:
        return
    firsts, lasts, said = tiles.firsts, tiles.lasts, tiles.rows(ledger.outcome)
    counts = np.searchsorted(offsets, lasts, "right") - np.searchsorted(offsets, firsts, "left")
    excused = np.isin(tiles.versions, list(ledger.touched))
    for i in np.flatnonzero((counts > said) | ((counts < said) & ~excused)):
        place = f"{ledger.name}, {partition}@{firsts[i]} to {lasts[i]}"
        yield Breach(place, f"{counts[i]} rows are there, the receipt says {said[i]}")


def _read(destination: Destination, file: DataFile) -> Content:
    key = object_key(destination.table.name, file.path)
    source = pa.PythonFile(ObjectFile(destination.store, key, file.size), mode="r")
    try:
        with pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=True) as content:
            return dict(_split(content.read(_COLUMNS)))
    except KeyError:
        return "the file is missing"
    except (pa.ArrowException, OSError, ValueError):
        return "the bytes are not those of a data file"


def _split(rows: pa.Table) -> Iterator[tuple[tuple[str, int], NDArray[np.int64]]]:
    places = rows.group_by(["topic_id", "partition"]).aggregate([])
    for topic_id, number in zip(*(places[name].to_pylist() for name in _COLUMNS[:2]), strict=True):
        mine = pc.and_(pc.equal(rows["topic_id"], topic_id), pc.equal(rows["partition"], number))
        yield (topic_id, number), np.sort(rows.filter(mine)["offset"].to_numpy())
