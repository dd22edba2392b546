"""What wakes somebody: every alert, with the page that says what to do.

`deploy/prometheus/rules.yml` is written from here. The thresholds are the console's own (a verdict,
a place that does not answer), so that the console and Prometheus never disagree for long; `holds`
is how long a thing must last, so that a broker's restart or a rebalance wakes nobody.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from jobs.watch.problems import Runbook

WATCH_AWAY = "watch-away"
"""The page for what watch itself cannot say: that it is not there."""

_PARTITION = "Partition {{ $labels.partition }} of {{ $labels.topic }}"
_STORE_ERRORS = (
    "sum by (region) (rate(fortnight_store_errors_total[5m]))"
    " / sum by (region) (rate(fortnight_store_requests_total[5m]))"
)
_REJECTED_SHARE = (
    "sum by (topic) (rate(fortnight_dead_letters_total[10m]))"
    " / sum by (topic) (rate(kafka_partition_latest_offset[10m]))"
)


class Severity(StrEnum):
    """Whether somebody gets up for it."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition on metrics that somebody has to hear of.

    Attributes:
        page: The runbook.
        query: PromQL; whatever it finds is an alert.
        holds: How long it must be true, in Prometheus' words.
        summary: One line, a template of Prometheus.
    """

    name: str
    page: str
    query: str
    holds: str
    severity: Severity
    summary: str


ALERTS = (
    Alert(
        "WatchAway",
        WATCH_AWAY,
        'up{job="fortnight-watch"} == 0 or time() - fortnight_looked_timestamp_seconds > 60',
        "30s",
        Severity.PAGE,
        "Nobody watches: fortnight watch does not answer, or does not look any more",
    ),
    Alert(
        "KafkaAway",
        Runbook.KAFKA_AWAY,
        'fortnight_reachable{kind="kafka"} == 0',
        "30s",
        Severity.PAGE,
        "Kafka does not answer",
    ),
    Alert(
        "RegionAway",
        Runbook.REGION_AWAY,
        'fortnight_reachable{kind="region"} == 0',
        "1m",
        Severity.PAGE,
        "The store of region {{ $labels.name }} does not answer: nothing becomes durable there",
    ),
    Alert(
        "StoreFailing",
        Runbook.REGION_AWAY,
        f"{_STORE_ERRORS} > 0.05",
        "5m",
        Severity.TICKET,
        "{{ $value | humanizePercentage }} of the requests to region {{ $labels.region }} fail",
    ),
    Alert(
        "WorkerAway",
        Runbook.WORKER_AWAY,
        'fortnight_reachable{kind="worker"} == 0',
        "1m",
        Severity.TICKET,
        "The worker at {{ $labels.name }} does not answer; others have its partitions",
    ),
    Alert(
        "NoWorkers",
        Runbook.WORKER_AWAY,
        "fortnight_group_members == 0",
        "30s",
        Severity.PAGE,
        "No worker is in group {{ $labels.group }}: nothing is read",
    ),
    Alert(
        "PartitionStuck",
        Runbook.PARTITION_STUCK,
        "fortnight_partition_status >= 4 and fortnight_partition_status <= 5",
        "0s",
        Severity.PAGE,
        f"{_PARTITION} does not move, and records wait",
    ),
    Alert(
        "PartitionSlow",
        Runbook.PARTITION_SLOW,
        "fortnight_partition_status == 2",
        "5m",
        Severity.TICKET,
        f"{_PARTITION} falls behind: records come faster than they become durable",
    ),
    Alert(
        "OffsetsRewound",
        Runbook.OFFSETS_REWOUND,
        "max_over_time(fortnight_partition_status[2m]) == 6",
        "0s",
        Severity.TICKET,
        f"An offset of {_PARTITION[:1].lower()}{_PARTITION[1:]} went back",
    ),
    Alert(
        "DataLossNear",
        Runbook.DATA_LOSS,
        "fortnight_partition_loss_seconds < 86400",
        "1m",
        Severity.PAGE,
        f"{_PARTITION}: Kafka deletes waiting records in {{{{ $value | humanizeDuration }}}}",
    ),
    Alert(
        "DataLost",
        Runbook.DATA_LOSS,
        "increase(fortnight_partition_lost_offsets[1h]) > 0",
        "0s",
        Severity.PAGE,
        f"{_PARTITION}: Kafka deleted records before they were durable",
    ),
    Alert(
        "CoverageBroken",
        Runbook.COVERAGE_BROKEN,
        "fortnight_coverage_breaches > 0",
        "1m",
        Severity.PAGE,
        "Receipts do not cover what was read: a record may be missing, or there twice",
    ),
    Alert(
        "ExpiryLate",
        Runbook.EXPIRY_LATE,
        "fortnight_table_overdue_files > 0",
        "5m",
        Severity.PAGE,
        "{{ $labels.table }} in {{ $labels.region }} holds files whose hour has passed",
    ),
    Alert(
        "DeadLetterFlood",
        Runbook.DEAD_LETTERS,
        f"{_REJECTED_SHARE} > 0.25",
        "1m",
        Severity.PAGE,
        "{{ $value | humanizePercentage }} of what comes on {{ $labels.topic }} is rejected",
    ),
)
"""All of them, the worst kind of blindness first."""


def of_page(page: str) -> list[Alert]:
    """The alerts that lead to a runbook."""
    return [alert for alert in ALERTS if alert.page == page]


def rules(alerts: Iterable[Alert] = ALERTS) -> str:
    """The alerts as a file of Prometheus' rules (YAML).

    A link leads to the console that the external label `console` names; see `prometheus.yml`.
    """
    return "\n".join(["groups:", "  - name: fortnight", "    rules:", *_rules(alerts), ""])


def _rules(alerts: Iterable[Alert]) -> Iterator[str]:
    for alert in alerts:
        yield f"      - alert: {alert.name}"
        yield "        expr: |-"
        yield f"          {alert.query}"
        yield f"        for: {alert.holds}"
        yield f"        labels: {{severity: {alert.severity}}}"
        yield "        annotations:"
        yield f"          summary: {json.dumps(alert.summary)}"
        link = f"{{{{ $externalLabels.console }}}}/runbooks/{alert.page}"
        yield f"          runbook_url: {json.dumps(link)}"
