"""`python -m support.faults.janitor DAYS SECONDS`: expire and sweep, again and again.

Expiry's clock is ahead by so many days, so that rows that came late are due at once; a sweep takes
orphans that are so many seconds old.
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


def main() -> None:
    """Clean until ended."""
    ahead, age = timedelta(days=float(sys.argv[1])), timedelta(seconds=float(sys.argv[2]))
    settings = Settings.load(os.environ)  # noqa: TID251 - the edge
    while True:
        for destination in open_lake(open_stores(settings), settings).values():
            _clean(destination, ahead, age)
        time.sleep(1)


def _clean(destination: Destination, ahead: timedelta, age: timedelta) -> None:
    try:
        report = expire(destination, wall_clock() + ahead)
        orphans = sweep(destination, age=age, now=clock_of(destination.store))
    except RetryableError:
        return
    sys.stdout.write(f"{destination}: dropped {report.dropped}, swept {len(orphans)}\n")


if __name__ == "__main__":
    main()
