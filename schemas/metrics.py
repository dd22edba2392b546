"""Every metric: name, kind, unit, labels, meaning. A label never holds anything of a record."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that a worker keeps, or that watch sees.

    Attributes:
        name: As Prometheus sees it; a counter's ends in `_total`.
        unit: records, rows, bytes, seconds ...
        labels: Names of its labels, in order.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()


def _counter(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"fortnight_{name}_total", Kind.COUNTER, unit, meaning, labels)


def _gauge(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    return Metric(f"fortnight_{name}", Kind.GAUGE, unit, meaning, labels)


def _kafka(name: str, unit: str, meaning: str, *labels: str) -> Metric:
    """One that kafka-lag-exporter has, by its name and with its labels."""
    return Metric(f"kafka_{name}", Kind.GAUGE, unit, meaning, ("cluster_name", *labels))


RECORDS_READ = _counter("records_read", "records", "Records that came from Kafka.", "topic")
BYTES_READ = _counter("read_bytes", "bytes", "Bytes of their values.", "topic")
RECORDS_ENDED = _counter(
    "records_ended",
    "records",
    "Records whose end is durable: stored/REGION, rejected/REASON, withheld/REASON ...",
    "topic",
    "how",
)
UNKNOWN_FIELDS = _counter(
    "unknown_fields", "fields", "Fields that no schema knows, dropped.", "topic"
)
OFFSETS_LOST = _counter(
    "lost_offsets", "offsets", "Offsets that retention took before they were read.", "topic"
)
FLUSHES = _counter("flushes", "flushes", "Flushes that became durable everywhere.", "topic")
FLUSH_SECONDS = _counter("flush_seconds", "seconds", "Time that flushes took.", "topic")
RETRIES = _counter(
    "retries", "tries", "Tries at a destination that failed.", "topic", "destination"
)
REGISTRATIONS = _gauge("registrations", "registrations", "Registrations held, history included.")
REGISTRY_OFFSET = _gauge("registry_offset", "offset", "Offset up to which fleet.devices is known.")
REFUSED_REGISTRATIONS = _gauge(
    "refused_registrations", "records", "Records of fleet.devices that are no registration."
)
FLUSHED_ROWS = _counter("flushed_rows", "rows", "Rows that flushes made durable.", "topic")
FLUSHED_BYTES = _counter("flushed_bytes", "bytes", "Bytes of the files that they put.", "topic")
_STORE = ("region", "operation")
STORE_REQUESTS = _counter(
    "store_requests",
    "requests",
    "Requests to a region's store: put, get, head, list, delete.",
    *_STORE,
)
STORE_SECONDS = _counter("store_seconds", "seconds", "Time that they took.", *_STORE)
STORE_ERRORS = _counter("store_errors", "requests", "Those of them that failed.", *_STORE)
PARTITIONS = _gauge("partitions", "partitions", "Partitions that this worker reads.", "topic")
HELD_BYTES = _gauge("held_bytes", "bytes", "Bytes of the memory budget that are in use.")
RESIDENT_BYTES = _gauge("resident_bytes", "bytes", "Memory of the process.")

WORKER_METRICS: tuple[Metric, ...] = (
    RECORDS_READ,
    BYTES_READ,
    RECORDS_ENDED,
    UNKNOWN_FIELDS,
    OFFSETS_LOST,
    FLUSHES,
    FLUSH_SECONDS,
    FLUSHED_ROWS,
    FLUSHED_BYTES,
    RETRIES,
    STORE_REQUESTS,
    STORE_SECONDS,
    STORE_ERRORS,
    REGISTRATIONS,
    REGISTRY_OFFSET,
    REFUSED_REGISTRATIONS,
    PARTITIONS,
    HELD_BYTES,
    RESIDENT_BYTES,
)
"""What each worker shows, in the order in which it is shown."""

_OWNED = ("group", "topic", "partition", "member_host", "consumer_id", "client_id")
KAFKA_LATEST = _kafka(
    "partition_latest_offset", "offset", "Offset of the next record.", "topic", "partition"
)
KAFKA_EARLIEST = _kafka(
    "partition_earliest_offset", "offset", "First offset that is kept.", "topic", "partition"
)
KAFKA_OFFSET = _kafka(
    "consumergroup_group_offset", "offset", "What the group has committed.", *_OWNED
)
KAFKA_LAG = _kafka("consumergroup_group_lag", "offsets", "Latest offset less the group's.", *_OWNED)
KAFKA_LAG_SECONDS = _kafka(
    "consumergroup_group_lag_seconds",
    "seconds",
    "Age of the first record that is not durable; 0 where none waits. No estimate.",
    *_OWNED,
)
KAFKA_MAX_LAG = _kafka(
    "consumergroup_group_max_lag", "offsets", "The group's largest.", "group", "is_simple_consumer"
)
KAFKA_MAX_LAG_SECONDS = _kafka(
    "consumergroup_group_max_lag_seconds",
    "seconds",
    "The group's largest.",
    "group",
    "is_simple_consumer",
)
KAFKA_SUM_LAG = _kafka("consumergroup_group_sum_lag", "offsets", "Over all partitions.", "group")
KAFKA_TOPIC_SUM_LAG = _kafka(
    "consumergroup_group_topic_sum_lag", "offsets", "Over a topic's partitions.", "group", "topic"
)

REACHABLE = _gauge(
    "reachable", "truth", "Whether kafka, a region or a worker answers watch.", "kind", "name"
)
LOOK_SECONDS = _gauge("look_seconds", "seconds", "How long watch took to look around.")
LOOKED_AT = _gauge("looked_timestamp_seconds", "seconds since 1970", "When watch last did.")
PROBLEMS = _gauge(
    "problems", "problems", "What somebody has to look at, by the page that helps.", "runbook"
)
MEMBERS = _gauge("group_members", "workers", "Members of the group.", "group")
REBALANCES = _counter(
    "group_rebalances", "rebalances", "Times that another assignment was seen.", "group"
)
GROUP_STATUS = _gauge(
    "group_status", "verdict", "As Burrow numbers them: 1 OK, 2 WARN, 3 ERR.", "group"
)
_PLACE = ("group", "topic", "partition")
PARTITION_STATUS = _gauge(
    "partition_status",
    "verdict",
    "As Burrow numbers them: 1 OK, 2 WARN, 3 ERR, 4 STOP, 5 STALL, 6 REWIND.",
    *_PLACE,
)
PARTITION_LAG = _gauge(
    "partition_lag", "offsets", "Latest offset less what every destination holds.", *_PLACE
)
PARTITION_LOSS_SECONDS = _gauge(
    "partition_loss_seconds",
    "seconds",
    "Until Kafka may delete the first record that is not durable; none where none waits.",
    *_PLACE,
)
PARTITION_COMMIT_AGE = _gauge(
    "partition_commit_age_seconds", "seconds", "Since the slowest destination moved.", *_PLACE
)
PARTITION_LOST = _gauge(
    "partition_lost_offsets", "offsets", "What retention took before it was durable.", *_PLACE
)
_TABLE = ("table", "region")
FRESHNESS = _gauge(
    "table_freshness_seconds", "seconds", "Now less the newest durable row's event time.", *_TABLE
)
OLDEST_ROW = _gauge("table_oldest_row_seconds", "seconds", "Age of the oldest row.", *_TABLE)
OVERDUE_FILES = _gauge("table_overdue_files", "files", "Files whose hour has passed.", *_TABLE)
OVERDUE_ROWS = _gauge("table_overdue_rows", "rows", "Rows in them.", *_TABLE)
TABLE_FILES = _gauge("table_files", "files", "Data files of the table.", *_TABLE)
TABLE_ROWS = _gauge("table_rows", "rows", "Rows in them.", *_TABLE)
TABLE_BYTES = _gauge("table_bytes", "bytes", "Their size.", *_TABLE)
TABLE_VERSION = _gauge("table_version", "version", "Of the newest log entry.", *_TABLE)
DEAD_LETTERS_SEEN = _counter(
    "dead_letters", "records", "Records rejected, by receipts.", "topic", "reason"
)
BREACHES = _gauge(
    "coverage_breaches", "breaches", "Where receipts do not tile a partition or do not add up."
)

WATCH_METRICS: tuple[Metric, ...] = (
    KAFKA_LATEST,
    KAFKA_EARLIEST,
    KAFKA_OFFSET,
    KAFKA_LAG,
    KAFKA_LAG_SECONDS,
    KAFKA_MAX_LAG,
    KAFKA_MAX_LAG_SECONDS,
    KAFKA_SUM_LAG,
    KAFKA_TOPIC_SUM_LAG,
    REACHABLE,
    LOOK_SECONDS,
    LOOKED_AT,
    PROBLEMS,
    MEMBERS,
    REBALANCES,
    GROUP_STATUS,
    PARTITION_STATUS,
    PARTITION_LAG,
    PARTITION_LOSS_SECONDS,
    PARTITION_COMMIT_AGE,
    PARTITION_LOST,
    FRESHNESS,
    OLDEST_ROW,
    OVERDUE_FILES,
    OVERDUE_ROWS,
    TABLE_FILES,
    TABLE_ROWS,
    TABLE_BYTES,
    TABLE_VERSION,
    DEAD_LETTERS_SEEN,
    BREACHES,
)
"""What `fortnight watch` shows, in the order in which it is shown."""

METRICS: tuple[Metric, ...] = WORKER_METRICS + WATCH_METRICS
"""All of them."""
