"""Every metric: name, kind, unit, labels, meaning. A label never holds anything of a record."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What Prometheus calls them."""

    COUNTER = "counter"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that a worker keeps.

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


RECORDS_READ = _counter("records_read", "records", "Records that came from Kafka.", "topic")
BYTES_READ = _counter("read_bytes", "bytes", "Bytes of their values.", "topic")
ROWS_STORED = _counter("rows_stored", "rows", "Rows that became durable.", "topic", "region")
BYTES_STORED = _counter("stored_bytes", "bytes", "Bytes of files put.", "topic", "region")
RECORDS_REJECTED = _counter(
    "records_rejected", "records", "Records that became dead letters.", "topic", "reason"
)
RECORDS_WITHHELD = _counter(
    "records_withheld", "records", "Valid records that were not stored.", "topic", "reason"
)
UNKNOWN_FIELDS = _counter(
    "unknown_fields", "fields", "Fields that no schema knows, dropped.", "topic"
)
RECORDS_LOST = _counter(
    "records_lost", "offsets", "Offsets that retention took before they were read.", "topic"
)
FLUSHES = _counter("flushes", "flushes", "Flushes that became durable everywhere.", "topic")
FLUSH_SECONDS = _counter("flush_seconds", "seconds", "Time that flushes took.", "topic")
RETRIES = _counter("retries", "tries", "Tries that failed and were repeated.", "destination")
REGISTRATIONS = _gauge("registrations", "registrations", "Registrations held, history included.")
REGISTRY_OFFSET = _gauge("registry_offset", "offset", "Offset up to which fleet.devices is known.")
PARTITIONS = _gauge("partitions", "partitions", "Partitions that this worker reads.", "topic")
HELD_BYTES = _gauge("held_bytes", "bytes", "Bytes of the memory budget that are in use.")
RESIDENT_BYTES = _gauge("resident_bytes", "bytes", "Memory of the process.")

METRICS: tuple[Metric, ...] = (
    RECORDS_READ,
    BYTES_READ,
    ROWS_STORED,
    BYTES_STORED,
    RECORDS_REJECTED,
    RECORDS_WITHHELD,
    UNKNOWN_FIELDS,
    RECORDS_LOST,
    FLUSHES,
    FLUSH_SECONDS,
    RETRIES,
    REGISTRATIONS,
    REGISTRY_OFFSET,
    PARTITIONS,
    HELD_BYTES,
    RESIDENT_BYTES,
)
"""All of them, in the order in which they are shown."""
