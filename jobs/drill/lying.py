"""Data files of tables, as they lie in their buckets: what no log names any more is among them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date as Date  # noqa: N812 - as keys name it
from functools import partial

from jobs.verify.stored.files import read_key
from storage.lake import Destination

_AT_ONCE = 16
"""So many whole files are held."""


@dataclass(frozen=True, slots=True)
class Lying:
    """A file that lies there, read whole.

    Attributes:
        table: Its name.
        place: As messages name it.
        data: None where the file was deleted and an old version of it is left, which nobody reads.
    """

    table: str
    place: str
    data: bytes | None = field(repr=False)


def lying(tables: Iterable[Destination], since: Date = Date.min) -> Iterator[Lying]:
    """Every data file in folders of tables, those too that come while others go.

    Args:
        tables: Whose.
        since: Only folders of rows of this day, UTC, and of later ones.

    Raises:
        RetryableError: A store does not answer.
    """
    for table in tables:
        seen, are_gone = set[str](), True
        while are_gone:  # then what was in them may lie in new ones
            keys = sorted(_keys(table, since) - seen)
            seen.update(keys)
            are_gone = False
            for one in read(table, keys):
                if one is None:
                    are_gone = True
                else:
                    yield one


def read(table: Destination, keys: Sequence[str]) -> Iterator[Lying | None]:
    """Files of a table in this order, few at once; None for one that is gone."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for first in range(0, len(keys), _AT_ONCE):
            yield from pool.map(partial(_read, table), keys[first : first + _AT_ONCE])


def _keys(table: Destination, since: Date) -> set[str]:
    """Every file of which some version has bytes."""
    listed = table.store.list_versions(f"{table.table.name}/date=")
    return {one.key for one in listed if one.size and _is_meant(one.key, since)}


def _is_meant(key: str, since: Date) -> bool:
    named = read_key(key)
    return named.kind == "data" and named.date is not None and named.date >= since


def _read(table: Destination, key: str) -> Lying | None:
    place = f"{table.store.url}/{key}"
    try:
        return Lying(table.table.name, place, table.store.get(key))
    except KeyError:  # compacted, or expired, meanwhile; or deleted, and not every version
        is_left = any(one.size and one.key == key for one in table.store.list_versions(key))
        return Lying(table.table.name, place, None) if is_left else None
