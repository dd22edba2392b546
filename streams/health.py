"""Whether a worker is alive, and whether it is ready: what a supervisor asks, answered truthfully.

Alive is a worker that is in its group while its loop turns. To restart one whose store is away
helps nobody: that one is alive, and not ready. A worker that was given no partitions, since there
are more workers than partitions, is both.
"""

import time
from collections.abc import Callable, Mapping
from threading import Thread

from schemas.errors import FortnightError
from schemas.regions import Region
from storage.store import ObjectStore
from streams.kafka.watchdog import Watchdog

LIFE = 0.5
"""Of what the watchdog waits before it ends the process: supervisors are told before."""

RECENTLY_SECONDS = 6.0
"""Who was well, or answered, longer ago than this, is not ready."""

_GLANCE_SECONDS = 2.0
_NOWHERE = "_checks/ready"
"""An object key that is asked for, and not there: any answer is one."""


class Health:
    """What a worker's supervisor may ask; safe for many threads.

    Args:
        watchdog: Knows when the worker was last in its group.
        stores: By region; all of them are needed.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        watchdog: Watchdog,
        stores: Mapping[Region, ObjectStore],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watchdog = watchdog
        self._stores = stores
        self._now = now
        self._answered: dict[Region, float] = {}

    def start(self) -> None:
        """Begin to ask the stores, each on a thread of its own."""
        for region in self._stores:
            name = f"probe-{region}"
            Thread(target=self._keep_asking, args=(region,), name=name, daemon=True).start()

    def ask(self, region: Region) -> None:
        """Ask a region's store for an object that is not there."""
        try:
            self._stores[region].head(_NOWHERE)
        except FortnightError:
            return
        self._answered[region] = self._now()

    def illness(self) -> str:
        """Why the worker is not alive; empty: it is."""
        silence = self._watchdog.silence
        if silence < LIFE * self._watchdog.limit:
            return ""
        return f"not in its group for {silence:.0f} s"

    def hindrance(self) -> str:
        """Why the worker is not ready; empty: it is."""
        if not self._watchdog.was_well or self._watchdog.silence > RECENTLY_SECONDS:
            return "not in its group"
        late = self._now() - RECENTLY_SECONDS
        away = [one for one in self._stores if self._answered.get(one, float("-inf")) < late]
        return f"no answer from the store of {', '.join(sorted(away))}" if away else ""

    def _keep_asking(self, region: Region) -> None:
        while True:
            self.ask(region)
            time.sleep(_GLANCE_SECONDS)
