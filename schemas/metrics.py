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
RECORDS_ENDED = _counter(
    "records_ended",
    "records",
    "Records whose end is durable: stored/<region>, rejected/<reason>, withheld/<reason> ...",
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
PARTITIONS = _gauge("partitions", "partitions", "Partitions that this worker reads.", "topic")
HELD_BYTES = _gauge("held_bytes", "bytes", "Bytes of the memory budget that are in use.")
RESIDENT_BYTES = _gauge("resident_bytes", "bytes", "Memory of the process.")

METRICS: tuple[Metric, ...] = (
    RECORDS_READ,
    BYTES_READ,
    RECORDS_ENDED,
    UNKNOWN_FIELDS,
    OFFSETS_LOST,
    FLUSHES,
    FLUSH_SECONDS,
    RETRIES,
    REGISTRATIONS,
    REGISTRY_OFFSET,
    REFUSED_REGISTRATIONS,
    PARTITIONS,
    HELD_BYTES,
    RESIDENT_BYTES,
)
"""All of them, in the order in which they are shown."""
