"""A search that is repeated until it finds nothing: only then is a subject's case complete."""

from collections.abc import Callable, Iterable, Sequence

from jobs.inventory import delete
from jobs.rewriting import Found, Search
from schemas.errors import ConflictError

_SEARCHES = 5


def until_nothing(searches: Sequence[Search], clear: Callable[[], None]) -> int:
    """Search and clear until nothing is found, no orphan either; how many files were looked at.

    An orphan is deleted: nothing that would name it may still come, once nobody waits any more.

    Args:
        searches: What, and where.
        clear: Takes away what the tables have.

    Raises:
        ConflictError: Something comes back again and again.
        RetryableError: A store does not answer.
    """
    for _ in range(_SEARCHES):
        found = [(one, one.found()) for one in searches]
        if all(one.is_nothing for _, one in found):
            return sum(one.looked_at for _, one in found)
        if any(one.files for _, one in found):
            clear()
        _drop_orphans(found)
    raise ConflictError("rows come back while they are taken away; call again")


def drop_orphans(searches: Iterable[Search]) -> None:
    """Delete orphans: what a run put that was killed before its commit."""
    _drop_orphans((one, one.found()) for one in searches)


def _drop_orphans(found: Iterable[tuple[Search, Found]]) -> None:
    for search, one in found:
        live = {file.path for file in search.destination.live()}
        paths = [orphan.path for orphan in one.orphans if orphan.path not in live]
        delete(search.destination, paths)
