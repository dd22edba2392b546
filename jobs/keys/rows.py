"""Whether rows are left that were written under a version of the keyring's, in any stored file.

Looked at is every data file that lies in the bucket, whether a log names it or not; read is one
column of it, which costs its footer and some bytes.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.inventory import take_inventory
from schemas.errors import IntegrityError
from storage.lake import Destination
from storage.layout import object_key
from storage.ranged import ObjectFile

_COLUMN = "key_version"
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class RowsLeft:
    """What was found in a destination.

    Attributes:
        files: How many were looked at.
        rows: Written under the version.
        unknown: Object keys that nobody can look into: strays, and older versions of deleted files.
    """

    files: int = 0
    rows: int = 0
    unknown: tuple[str, ...] = ()


def rows_left(destination: Destination, version: int) -> RowsLeft:
    """Count a version's rows in all that lies in a destination's folder.

    Raises:
        RetryableError: The store does not answer: nobody knows.
        IntegrityError: A file cannot be read: nobody knows.
    """
    if _COLUMN not in destination.table.schema.names:
        return RowsLeft()
    inventory = take_inventory(destination)
    keys = [object_key(destination.table.name, path) for path in inventory.objects]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        counts = [*pool.map(lambda key: _count(destination, key, version), keys)]
    hidden = [key for key, count in zip(keys, counts, strict=True) if count is None]
    return RowsLeft(len(keys), sum(n or 0 for n in counts), (*inventory.strays, *hidden))


def _count(destination: Destination, key: str, version: int) -> int | None:
    """Rows in a file; None where only older versions of it are left."""
    info = destination.store.head(key)
    if info is None:
        return None
    source = pa.PythonFile(ObjectFile(destination.store, key, info.size), mode="r")
    try:
        with pq.ParquetFile(source) as file:
            versions = file.read([_COLUMN])[_COLUMN]
    except (pa.ArrowException, ValueError):
        raise IntegrityError(f"{key}: not a data file's bytes") from None
    return pc.sum(pc.equal(versions, version)).as_py() or 0
