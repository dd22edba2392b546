"""A search that is repeated until it finds nothing: only then is a subject's case complete."""

from collections.abc import Callable, Sequence

from jobs.inventory import delete
from jobs.rewriting import Found, Selection, find
from schemas.errors import ConflictError
from storage.lake import Destination

_SEARCHES = 5


def until_nothing(
    places: Sequence[Destination], selections: Sequence[Selection], clear: Callable[[], None]
) -> int:
    """Search and clear until nothing is found, no orphan either; how many files were looked at.

    An orphan is deleted: nothing that would name it may still come, once nobody waits any more.

    Args:
        places: Where.
        selections: What.
        clear: Takes away what the tables have.

    Raises:
        ConflictError: Something comes back again and again.
        RetryableError: A store does not answer.
    """
    for _ in range(_SEARCHES):
        found = [(place, find(place, one)) for place in places for one in selections]
        if all(one.is_nothing for _, one in found):
            return sum(one.looked_at for _, one in found)
        if any(one.files for _, one in found):
            clear()
        _drop_orphans(found)
    raise ConflictError("rows come back while they are taken away; call again")


def drop_orphans(places: Sequence[Destination], selection: Selection) -> None:
    """Delete a selection's orphans: what a run put that was killed before its commit."""
    _drop_orphans([(place, find(place, selection)) for place in places])


def _drop_orphans(found: Sequence[tuple[Destination, Found]]) -> None:
    for place, one in found:
        live = {file.path for file in place.live()}
        paths = [orphan.path for orphan in one.orphans if orphan.path not in live]
        delete(place, paths)
