"""Find the files that have rows of some devices, without reading the files.

Looked at is every data file that lies in the destination's folder: those of its log, and orphans,
which are told apart. What the log says of times leaves files out, a Bloom filter nearly all others.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from jobs.inventory import take_inventory
from jobs.rewriting.counted import CountedStore
from jobs.rewriting.look import Look
from jobs.rewriting.selection import DEVICE, Selection
from schemas.errors import IntegrityError
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.log import DataFile

_AT_ONCE = 16
_TRIES = 20
"""Of a log whose files vanish while they are looked into, since others rewrite them."""


@dataclass(frozen=True, slots=True)
class Match:
    """A file of the table that has such rows.

    Attributes:
        rows: How many of its rows they are.
    """

    file: DataFile
    rows: int


@dataclass(frozen=True, slots=True)
class Orphan:
    """A file with such rows that no log entry names.

    Attributes:
        rows: None where only older versions of a deleted file are left, which nobody can look into.
    """

    path: DataPath
    rows: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found in a destination.

    Attributes:
        files: Of the table, by path.
        orphans: By path; some may be a running worker's, which is about to commit them.
        looked_at: How many files lie there, orphans included.
        requests: What the search asked the store for; reading the log is not counted.
        bytes_read: What came back.
    """

    files: tuple[Match, ...] = ()
    orphans: tuple[Orphan, ...] = ()
    looked_at: int = 0
    requests: int = 0
    bytes_read: int = 0

    @property
    def rows(self) -> int:
        """Of the table; those of orphans do not count."""
        return sum(match.rows for match in self.files)

    @property
    def is_nothing(self) -> bool:
        """Whether no byte of such rows lies there, as far as anybody can look."""
        return not self.files and not self.orphans


class Search:
    """A search that may be repeated: what was looked into once is not read again.

    A file's bytes never change, so it knows each of them for good.
    """

    def __init__(self, destination: Destination, selection: Selection) -> None:
        """Prepare; nothing is asked yet."""
        self.destination = destination
        self.selection = selection
        self._store = CountedStore(destination.store)
        self._counted = Destination(destination.table, destination.region, self._store)
        self._look = Look(selection)
        self._known: dict[DataPath, int] = {}

    @property
    def is_vain(self) -> bool:
        """Whether no row can be found: no device is meant, or the table knows none."""
        return not self.selection.devices or DEVICE not in self.destination.table.schema.names

    def files(self) -> list[Match]:
        """The table's files that have such rows, as it is now, by path.

        Raises:
            RetryableError: The store gave no answer.
            IntegrityError: A file is damaged: nobody knows what is in it.
        """
        for _ in range(_TRIES):
            live = self.destination.live()
            wanted = [file for file in live if self.selection.may_be_in(file)]
            if self._look_into({file.path: file.size for file in wanted}):
                counts = {file.path: self._known[file.path] for file in wanted}
                return [Match(file, n) for file in wanted if (n := counts[file.path])]
        raise IntegrityError(f"{self.destination}: files that the log names are not there")

    def found(self) -> Found:
        """Everything that lies there and has such rows.

        Raises:
            RetryableError: The store gave no answer.
            IntegrityError: A file is damaged: nobody knows what is in it.
        """
        if self.is_vain:
            return Found()
        objects = take_inventory(self._counted).objects
        files = self.files()
        live = {file.path for file in self.destination.live()}
        orphans = self._orphans({path: objects[path].size for path in objects.keys() - live})
        cost = self._store.cost
        looked_at = len(live | objects.keys())
        return Found(tuple(files), orphans, looked_at, cost.requests, cost.read)

    def _orphans(self, sizes: Mapping[DataPath, int]) -> tuple[Orphan, ...]:
        self._look_into({path: size for path, size in sizes.items() if size})
        found = [Orphan(path, self._known.get(path)) for path in sorted(sizes)]
        return tuple(one for one in found if one.rows != 0)

    def _look_into(self, sizes: Mapping[DataPath, int]) -> bool:
        """Look into files that are not known yet; whether all of them were there."""
        unknown = [path for path in sizes if path not in self._known]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            counts = pool.map(lambda path: self._rows(path, sizes[path]), unknown)
            found = dict(zip(unknown, counts, strict=True))
        self._known |= {path: n for path, n in found.items() if n is not None}
        return None not in found.values()

    def _rows(self, path: DataPath, size: int) -> int | None:
        """None where it is gone."""
        try:
            return self._look.rows(self._store, object_key(self.destination.table.name, path), size)
        except KeyError:
            return None


def find(destination: Destination, selection: Selection) -> Found:
    """Find a selection's rows in a destination; changes nothing.

    Raises:
        RetryableError: The store gave no answer.
        IntegrityError: A file is damaged: nobody knows what is in it.
    """
    return Search(destination, selection).found()
