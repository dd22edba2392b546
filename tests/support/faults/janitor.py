"""`python -m support.faults.janitor SECONDS`: expire and sweep, again and again.

Expiry's clock is ahead, so that rows that came late are due at once; a sweep takes orphans that
are so many seconds old.
"""

import os
import sys
import time
from datetime import timedelta

from support.faults.rig import wall_clock

from jobs.expire import expire
from jobs.sweep import clock_of, sweep
from schemas.errors import RetryableError
from schemas.settings import Settings
from storage.lake import Destination
from storage.places import open_lake, open_stores

AHEAD = timedelta(days=10)
"""Rows that came four days late, or later, are due by then; others are not."""


def main() -> None:
    """Clean until ended."""
    age = timedelta(seconds=float(sys.argv[1]))
    settings = Settings.load(os.environ)  # noqa: TID251 - the edge
    while True:
        for destination in open_lake(open_stores(settings), settings).values():
            _clean(destination, age)
        time.sleep(1)


def _clean(destination: Destination, age: timedelta) -> None:
    try:
        report = expire(destination, wall_clock() + AHEAD)
        orphans = sweep(destination, age=age, now=clock_of(destination.store))
    except RetryableError as error:
        sys.stdout.write(f"{destination}: {type(error).__name__}, again in a while\n")
        return
    sys.stdout.write(f"{destination}: dropped {report.dropped}, swept {len(orphans)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
