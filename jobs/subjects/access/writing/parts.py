"""The parts of an archive that hold rows: Parquet for programs, CSV for people, maps as PNG."""

import base64
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from jobs.pictures.device import notes
from jobs.pictures.drawing import Words, draw
from jobs.subjects.access.search.people import Robot
from jobs.subjects.access.writing.archive import Archive
from storage.dataset import assemble

_TILE = ("device", "map", "tile_y", "tile_x")
_NEWEST = (*_TILE, "version", "event_time", "offset")


@dataclass(frozen=True, slots=True)
class Span:
    """How many rows there are, and from when to when; None where there is none."""

    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None

    def extended(self, rows: pa.Table, time: str) -> "Span":
        """With more rows."""
        if not rows.num_rows:
            return self
        found = pc.min_max(rows[time]).as_py()
        first = min(one for one in (self.first, found["min"]) if one)
        last = max(one for one in (self.last, found["max"]) if one)
        return Span(self.rows + rows.num_rows, first, last)


@dataclass(frozen=True, slots=True)
class Picture:
    """A map that was drawn: the part it is in, and what it shows."""

    name: str
    title: str


def put_parquet(archive: Archive, name: str, rows: Iterable[pa.Table], schema: pa.Schema) -> None:
    """Write rows as they are stored, with units and purposes in the columns' metadata."""
    with (
        archive.part(f"{name}.parquet") as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for some in rows:
            writer.write_table(some.cast(schema))


def put_csv(
    archive: Archive, name: str, rows: Iterable[pa.Table], schema: pa.Schema, time: str
) -> Span:
    """Write rows as text, what is no text in base64; times are UTC.

    Args:
        time: The column that says when a row is of.
    """
    span = Span()
    plain = pa.schema([(field.name, _plain(field.type)) for field in schema])
    with (
        archive.part(f"{name}.csv") as file,
        pyarrow.csv.CSVWriter(file, plain) as writer,
    ):
        for some in rows:
            columns = [_as_text(some[field.name]) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, names=plain.names).cast(plain))
            span = span.extended(some, time)
    return span


def put_lines(archive: Archive, name: str, rows: Iterable[pa.Table]) -> None:
    """Write records as they were sent, one JSON object a line; what is no text in base64."""
    with archive.part(f"{name}.jsonl") as file:
        for some in rows:
            for record in some.to_pylist():
                file.write((json.dumps(_line(record), ensure_ascii=False) + "\n").encode())


def put_maps(
    archive: Archive, folder: str, tiles: Iterable[pa.Table], robots: Mapping[str, Robot]
) -> list[Picture]:
    """Draw every map as its newest tiles show it.

    Args:
        tiles: Rows of `map_tiles` with raw cells.
        robots: Pseudonym -> which robot it stands for.
    """
    drawn = []
    for number, rows in enumerate(_maps(_newest(tiles)), 1):
        title = f"Robot {robots[rows['device'][0].as_py()].number}, map {number}"
        plan = assemble(rows)
        picture = draw(plan, Words(title, notes(plan, rows)))
        sink = io.BytesIO()
        picture.save(sink, "PNG")
        name = f"{folder}/map-{number}.png"
        archive.put(name, sink.getvalue())
        drawn.append(Picture(name, title))
    return drawn


def _newest(tiles: Iterable[pa.Table]) -> pa.Table | None:
    """Of each tile the newest version, by map; one at a time is in memory."""
    known = None
    for some in tiles:
        rows = some if known is None else pa.concat_tables([known, some])
        rows = rows.sort_by([(name, "ascending") for name in _NEWEST])
        known = rows.filter(_last_of(rows, _TILE)).combine_chunks()
    return known


def _maps(tiles: pa.Table | None) -> Iterator[pa.Table]:
    """The tiles of each map."""
    if tiles is not None:
        ends = np.flatnonzero(_last_of(tiles, _TILE[:2])) + 1
        for start, end in pairwise([0, *ends.tolist()]):
            yield tiles.slice(start, end - start)


def _last_of(rows: pa.Table, names: Sequence[str]) -> pa.Array:
    """(n,) bool, whether the next of some sorted rows differs from it in one of the columns."""
    changes = np.zeros(rows.num_rows - 1, bool)
    for name in names:
        column = rows[name].combine_chunks()
        changes |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
    return pa.array(np.append(changes, [True]))


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_binary(kind) else kind


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_binary(column.type):
        return column
    values = (one and base64.b64encode(one).decode() for one in column.to_pylist())
    return pa.chunked_array([pa.array(values, pa.string())])


def _line(record: dict[str, Any]) -> dict[str, Any]:
    content = record.pop("content")
    said = {**record, "arrived": record["arrived"].isoformat()}
    if content is None:
        return {**said, "text": None}
    try:
        return {**said, "text": content.decode()}
    except UnicodeDecodeError:
        return {**said, "base64": base64.b64encode(content).decode()}
