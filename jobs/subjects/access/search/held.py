"""Held copies of rows of those who ask: a hold's own pseudonyms are computed forward as well."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from jobs.holds.renaming import VERSION
from jobs.rewriting.find import Found
from jobs.subjects.access.search.gather import Kept, Looked
from jobs.subjects.access.search.people import Owners
from jobs.subjects.access.search.spill import Place, Spill
from schemas.hold_record import HoldRecord
from schemas.privacy import Domain, domain_key, pseudonyms
from schemas.tables import TABLES, Table
from storage.holds import copy_folders, read_records
from storage.store import ObjectStore

SHELF = "held"


def gather_held(
    store: ObjectStore,
    owners: Owners,
    unwrap: Callable[[HoldRecord], bytes],
    spill: Spill,
) -> Iterator[tuple[Looked, Mapping[int, Kept]]]:
    """Each table of each hold: what was looked at, and by person what was found.

    Args:
        store: The region's hold bucket.
        owners: Whose rows are under which of the region's pseudonyms.
        unwrap: Opens a hold's own key; asked only where somebody who asks is held.

    Raises:
        RetryableError: The store gave no answer.
        IntegrityError: A copy is not what its manifest says.
    """
    for hold, renamed in _renamed(store, owners, unwrap):
        for table in sorted(hold.tables):
            yield _gather(store, (hold.name, TABLES[table]), renamed, spill)


def count_held(
    store: ObjectStore, owners: Owners, unwrap: Callable[[HoldRecord], bytes]
) -> Counter[str]:
    """Name of a hold -> how many copied rows it has of those who ask.

    Args:
        store: The region's hold bucket.
        owners: As `gather_held` has it.
        unwrap: Likewise.

    Raises:
        RetryableError: The store gave no answer.
        IntegrityError: A copy is not what its manifest says.
    """
    found = Counter[str]()
    for hold, renamed in _renamed(store, owners, unwrap):
        for folder in copy_folders(store, hold.name):
            for manifest in folder.manifests():
                parts = renamed.split(folder.rows(manifest))
                found[hold.name] += sum(rows.num_rows for _, rows in parts)
    return found


def _renamed(
    store: ObjectStore, owners: Owners, unwrap: Callable[[HoldRecord], bytes]
) -> Iterator[tuple[HoldRecord, Owners]]:
    """Holds of those who ask, and whose rows are under which of a hold's own pseudonyms."""
    for hold in read_records(store):
        mine = {name: owners.names[name] for name in owners.names.keys() & hold.names}
        if mine:
            key = domain_key(unwrap(hold), Domain.DEVICE)
            again = pseudonyms((hold.stand_ins[name] for name in mine), key, VERSION)
            yield hold, Owners(dict(zip(again, mine.values(), strict=True)))


def _gather(
    store: ObjectStore, what: tuple[str, Table], owners: Owners, spill: Spill
) -> tuple[Looked, Mapping[int, Kept]]:
    """One table of one hold."""
    hold, table = what
    files: dict[str, int] = {}
    places: dict[int, dict[str, list[Place]]] = defaultdict(lambda: defaultdict(list))
    folders = [one for one in copy_folders(store, hold) if one.table is table]
    for folder in folders:
        for manifest in folder.manifests():
            name = f"{folder.prefix}/{manifest.copy}"
            files[name] = 0
            for person, rows in owners.split(folder.rows(manifest)):
                files[name] += rows.num_rows
                places[person][name].append(spill.put(rows))
    shelf = f"{SHELF}/{hold}"
    kept = {
        one: Kept(shelf, table, owners.robots(one), table.schema, waiting)
        for one, waiting in places.items()
    }
    return Looked(shelf, table, None, files, Found(looked_at=len(files))), kept
