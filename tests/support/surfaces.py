"""Where somebody sees that a partition stands still, and how long its records wait in truth."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from support.browser import Page, browsing, missing
from support.monitoring import Monitoring

from jobs.kafka import Cluster
from jobs.watch.verdict import Verdict
from schemas.lineage import Partition, Position
from schemas.metrics import PARTITION_STATUS
from schemas.settings import Settings
from schemas.tables import DEAD_LETTERS, STREAMED
from storage.places import open_lake, open_stores

_SAID = "has not moved for"
_STANDS = (Verdict.STOP, Verdict.STALL)
_FIRING = 'ALERTS{alertname="PartitionStuck", alertstate="firing"}'


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Where somebody may look.

    Attributes:
        says_so: Name -> whether it says there that a partition stands still.
        seen: Name -> seconds after which it did.
    """

    says_so: dict[str, Callable[[], bool]]
    seen: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, beside: Monitoring, page: Page | None) -> "Surfaces":
        """Those of a system that is watched, and the page in a browser, where there is one."""
        found: dict[str, Callable[[], bool]] = {
            "console": lambda: _SAID in beside.page(),
            "metrics": lambda: max(beside.numbers()[PARTITION_STATUS].values()) in _STANDS,
            "alert": lambda: bool(beside.ask(_FIRING)),
        }
        if page:
            found["browser"] = lambda: _SAID in page.text("#banner")
        return cls(found)

    def all_say_so(self, since: float) -> bool:
        """Whether each has said so since; `since` by the monotonic clock."""
        for name, says_so in self.says_so.items():
            if name not in self.seen and says_so():
                self.seen[name] = round(time.monotonic() - since, 1)
        return self.seen.keys() == self.says_so.keys()

    def none_says_so(self) -> bool:
        """Whether it is over."""
        return not any(says_so() for says_so in self.says_so.values())


@contextmanager
def reader(beside: Monitoring, folder: Path) -> Iterator[Page | None]:
    """Somebody who has let themselves into the console, where there is a browser.

    Args:
        beside: Whose console.
        folder: For the browser's profile and logs.
    """
    if missing():
        yield None
        return
    with browsing(folder) as page:
        page.open(beside.console)
        page.run("document.forms[0].token.value = arguments[0]", beside.token)
        page.run("document.forms[0].submit()")
        page.wait_for("return document.querySelector('#banner') !== null")
        yield page


def true_time(settings: Settings, topic: str, number: int) -> datetime:
    """When the first record of a partition came that one of its tables does not have."""
    with Cluster(settings.bootstrap_servers) as cluster:
        partition = Partition(topic, cluster.topics([topic])[topic].id, number)
        name = partition.application_id
        held = [
            destination.versions([name])[name]
            for (table, _), destination in open_lake(open_stores(settings), settings).items()
            if table in {STREAMED[topic].name, DEAD_LETTERS.name}
        ]
        last = min(version for version in held if version is not None)
        first = cluster.record(Position(partition, last + 1))
        assert first is not None
        return first.ingest_time
