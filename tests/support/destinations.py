"""Destinations, and files to commit to them."""

from itertools import count

from support.rows import NOW, path_of, rows_of

from schemas.lineage import Partition
from schemas.regions import Region
from schemas.tables import TELEMETRY
from storage.lake import Destination
from storage.layout import object_key
from storage.log import DataFile
from storage.parquet import describe, encode
from storage.store import ObjectStore

EU = Region("eu")
APP = Partition("fleet.telemetry", "iWaM0rMcSTeoqbKZkS4qVQ", 0).application_id
OTHER = Partition("fleet.telemetry", "iWaM0rMcSTeoqbKZkS4qVQ", 1).application_id
NUMBERS = count()


def handle(store: ObjectStore) -> Destination:
    return Destination(TELEMETRY, EU, store)


def data_file(store: ObjectStore, n: int = 10, first: int = 0) -> DataFile:
    rows = rows_of(TELEMETRY, n, seed=first, offset=range(first, first + n))
    path, data = path_of(next(NUMBERS)), encode(rows, TELEMETRY)
    store.put(object_key(TELEMETRY.name, path), data)
    return describe(rows, data, path, NOW)


def paths(destination: Destination) -> list[str]:
    return [str(file.path) for file in destination.live()]


def offsets(destination: Destination) -> list[int]:
    return sorted(destination.dataset().to_table(["offset"])["offset"].to_pylist())
