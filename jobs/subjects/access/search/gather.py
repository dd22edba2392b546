"""One pass over a region's files for any number of people: their rows, and what was looked at."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from jobs.rewriting.find import Found, Search
from jobs.rewriting.selection import Selection
from jobs.subjects.access.search.people import Owners, Robot
from jobs.subjects.access.search.spill import Place, Spill
from schemas.errors import ConflictError
from schemas.tables import MAP_TILES, Table
from storage.decoded import DecodedTiles
from storage.lake import Destination

_TRIES = 5
_BYTES_AT_ONCE = 2**24


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where rows lie together, and whose they are there.

    Attributes:
        name: What the archive calls it.
        destinations: Its tables.
    """

    name: str
    destinations: Sequence[Destination]
    owners: Owners = field(repr=False)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at in one table of one shelf.

    Attributes:
        version: Of the table's log; None where rows lie in copies that manifests name.
        files: Every file that was named then -> how many rows of those who ask are in it.
        found: What the search cost, and the orphans.
    """

    shelf: str
    table: Table
    version: int | None
    files: Mapping[str, int]
    found: Found


@dataclass(frozen=True, slots=True)
class Kept:
    """A person's rows of one table of one shelf, put aside.

    Attributes:
        robots: Pseudonym there -> which of the person's robots it stands for.
        schema: Of the rows.
        places: File -> where they wait.
    """

    shelf: str
    table: Table
    robots: Mapping[str, Robot] = field(repr=False)
    schema: pa.Schema
    places: Mapping[str, Sequence[Place]]

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(place.rows for waiting in self.places.values() for place in waiting)

    def read(self, spill: Spill) -> Iterator[pa.Table]:
        """The rows, some at a time: what waits in many places comes in few tables."""
        together: list[pa.Table] = []
        size = 0
        for place in chain.from_iterable(self.places.values()):
            together.append(spill.get(place))
            size += place.size
            if size >= _BYTES_AT_ONCE:
                yield pa.concat_tables(together).combine_chunks()
                together, size = [], 0
        if together:
            yield pa.concat_tables(together).combine_chunks()


def gather(shelf: Shelf, spill: Spill) -> Iterator[tuple[Looked, Mapping[int, Kept]]]:
    """Each table of a shelf: what was looked at, and by person what was found.

    Raises:
        RetryableError: The store gave no answer, or the table changes all the time: call again.
        IntegrityError: A file is damaged: nobody knows what is in it.
    """
    for destination in shelf.destinations:
        if "device" in destination.table.schema.names:
            yield _gather(destination, shelf, spill)


def _gather(
    destination: Destination, shelf: Shelf, spill: Spill
) -> tuple[Looked, Mapping[int, Kept]]:
    search = Search(destination, Selection(frozenset(shelf.owners.names)))
    for _ in range(_TRIES):
        looked = _look(destination, shelf, search)
        try:
            places = _read(destination, looked, shelf.owners, spill)
        except FileNotFoundError:  # compacted or expired meanwhile
            continue
        schema, table = destination.schema, destination.table
        kept = {
            person: Kept(shelf.name, table, shelf.owners.robots(person), schema, waiting)
            for person, waiting in places.items()
        }
        return looked, kept
    raise ConflictError(f"{destination}: files went while they were read: call again")


def _look(destination: Destination, shelf: Shelf, search: Search) -> Looked:
    """What one version of the log names; what was looked into before is not read again."""
    found = search.found()
    while True:
        version = destination.version()
        live, matches = destination.live(), search.files()
        if destination.version() == version:
            rows = {str(match.file.path): match.rows for match in matches}
            files = {str(file.path): rows.get(str(file.path), 0) for file in live}
            return Looked(shelf.name, destination.table, version, files, found)


def _read(
    destination: Destination, looked: Looked, owners: Owners, spill: Spill
) -> Mapping[int, Mapping[str, Sequence[Place]]]:
    """Put the rows of the files aside that have some, by person and file.

    Raises:
        FileNotFoundError: A file is not there any more.
    """
    wanted = {path for path, rows in looked.files.items() if rows}
    fragments = _fragments(destination, wanted)
    if wanted - fragments.keys():
        raise FileNotFoundError
    found: dict[int, dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(wanted):
        for batch in _batches(fragments[path], looked.table, owners):
            for person, rows in owners.split(pa.Table.from_batches([batch])):
                found[person][path].append(spill.put(rows))
    return found


def _fragments(destination: Destination, wanted: set[str]) -> Mapping[str, ds.Dataset]:
    """Files of the table as it is now, each as a dataset with raw cells."""
    source = destination.dataset()
    return {
        fragment.path: ds.FileSystemDataset(
            [fragment], source.schema, source.format, source.filesystem
        )
        for fragment in source.get_fragments()
        if fragment.path in wanted
    }


def _batches(source: ds.Dataset, table: Table, owners: Owners) -> Iterator[pa.RecordBatch]:
    rows = DecodedTiles(source) if table is MAP_TILES else source
    yield from rows.scanner(filter=pc.field("device").isin(sorted(owners.names))).to_batches()
