"""A table in a region as watch tells it, from what its log says."""

from datetime import datetime, timedelta

from jobs.watch.places.table_log import TableSeen
from jobs.watch.state import TableState


def table_state(seen: TableSeen, now: datetime, *, answers: bool) -> TableState:
    """What is known of a table.

    Args:
        seen: As its log was last read.
        now: The time.
        answers: Whether the region answered this time.
    """
    held, due = seen.holdings, seen.holdings.overdue(now)
    fresh = max(now - held.newest, timedelta(0)) if held.newest else None
    return TableState(
        seen.destination.table.name,
        seen.destination.region,
        answers=answers,
        version=seen.version,
        committed=seen.committed,
        files=held.files,
        rows=held.rows,
        size=held.size,
        newest=held.newest,
        freshness=fresh,
        oldest=held.oldest.time if held.oldest else None,
        expires=held.oldest.expires if held.oldest else None,
        overdue_files=due.files,
        overdue_rows=due.rows,
    )
