"""How mischief is done to a copy of a deployment, and what stands beside each: what it breaks."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from support.verified.house import QIHOO, SMAROCK, House, files, read, write
from support.wire import EU, US

from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.regions import Region
from schemas.retention import format_hour
from schemas.tables import TELEMETRY, Table

Plant = Callable[[House], House | None]
"""Does it to a copy; returns a house where that has other registrations."""


@dataclass(frozen=True, slots=True)
class Mischief:
    """Something that breaks promises.

    Attributes:
        breaks: Names of promises: all of them, and no other.
    """

    plant: Plant
    breaks: frozenset[str]

    def __str__(self) -> str:
        return self.plant.__name__


def by(vendor: str, *clauses: str) -> frozenset[str]:
    """Promises of one maker."""
    return frozenset(f"{vendor}/{clause}" for clause in clauses)


def both(smarock: str, qihoo: str = "") -> frozenset[str]:
    """A promise of each maker, for what cannot be told apart."""
    return by(SMAROCK, smarock) | by(QIHOO, qihoo or smarock)


def named(robot: str, house: House, region: Region = EU, domain: Domain = Domain.DEVICE) -> str:
    """A robot's pseudonym in a region."""
    key = house.keyring.current(region)
    return pseudonyms([robot], domain_key(key.secret, domain), key.version)[0]


def newest(house: House, table: Table = TELEMETRY, region: Region = EU) -> str:
    """The object key of a table's newest file."""
    return files(house, table, region)[-1]


def moved(house: House, key: str, expires: datetime, *, keep: bool = False) -> None:
    """Put a file again under a path that names another hour."""
    table, date, _, _ = key.split("/")
    store = house.store()
    place = f"{table}/{date}/expires={format_hour(expires)}/{uuid4().hex}.parquet"
    store.put(place, store.get(key))
    if not keep:
        store.delete([key])


def written(house: House, key: str, rows: pa.Table, **said: str) -> None:
    """Put rows as any writer would, with metadata of its own."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as writer:
        writer.write_table(rows)
        writer.add_key_value_metadata(said)
    house.store().put(key, sink.getvalue())


def with_column(house: House, key: str, name: str, value: object, kind: pa.DataType) -> None:
    """Put a file again with one more column."""
    rows = read(house, key)
    written(house, key, rows.append_column(name, pa.array([value] * rows.num_rows, kind)))


def with_field(house: House, key: str, field: pa.Field, values: pa.ChunkedArray) -> None:
    """Put a file again with a column in another's place."""
    rows = read(house, key)
    place = rows.schema.get_field_index(field.name)
    written(house, key, rows.set_column(place, field, values))


def logged(house: House, action: object) -> None:
    """Append an entry to a table's log."""
    store = house.store()
    number = sum(1 for _ in store.list("telemetry/_delta_log/"))
    store.put(f"telemetry/_delta_log/{number:020}.json", msgspec.json.encode(action) + b"\n")


def copied(house: House, table: Table, to: Region, *, of: str, **values: object) -> None:
    """Put a maker's rows of one region's newest file into the other's too."""
    origin = US if to == EU else EU
    rows = read(house, newest(house, table, origin), origin)
    rows = rows.filter(pc.equal(rows["vendor"], of))
    for name, value in values.items():
        place = rows.schema.get_field_index(name)
        field = rows.schema.field(place)
        rows = rows.set_column(place, field, pa.array([value] * rows.num_rows, field.type))
    ours = newest(house, table, to)
    write(house, ours, pa.concat_tables([read(house, ours, to), rows]), to)


def rows_of(house: House, robot: str, table: Table = TELEMETRY) -> Iterator[tuple[str, pa.Array]]:
    """(object key, which rows) of files in which a robot has some."""
    name = named(robot, house)
    for key in files(house, table):
        mine = pc.equal(read(house, key)["device"], name)
        if pc.any(mine).as_py():
            yield key, mine
