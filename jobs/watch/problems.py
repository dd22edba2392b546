"""What is wrong, since when, and which page says what to do."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from jobs.watch.verdict import Verdict


class Runbook(StrEnum):
    """The page that says what to do: `docs/runbooks/<value>.md`."""

    KAFKA_AWAY = "kafka-away"
    REGION_AWAY = "region-away"
    WORKER_AWAY = "worker-away"
    PARTITION_STUCK = "partition-stuck"
    PARTITION_SLOW = "partition-slow"
    OFFSETS_REWOUND = "offsets-rewound"
    DATA_LOSS = "data-loss"
    COVERAGE_BROKEN = "coverage-broken"
    EXPIRY_LATE = "expiry-late"
    DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that somebody has to look at.

    Attributes:
        verdict: How bad it is: WARN, or worse.
        place: What it is about: `kafka`, `eu`, `fleet.telemetry:3`, `telemetry in eu`, a URL.
        sentence: In words, with numbers; a whole sentence without its full stop.
        since: When it began, UTC: of records that wait, when the first came; of anything else, when
            watch first saw it.
    """

    runbook: Runbook
    verdict: Verdict
    place: str
    sentence: str
    since: datetime
