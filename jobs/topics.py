"""The topics: as they have to be, and whether they are.

A raw record must be gone from Kafka within the fortnight too: late window + retention + segment
(a segment goes as a whole) + what the broker takes to notice is at most 14 days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from jobs.kafka import Cluster, Topic
from schemas.errors import PolicyError
from schemas.retention import FORTNIGHT
from schemas.settings import Settings
from schemas.tables import STREAMED
from schemas.tables.devices import COMPACTED_AFTER, DEVICES_TOPIC

NAMES = (*STREAMED, DEVICES_TOPIC)
"""Every topic: those whose records become rows, and the registrations."""

_NOTICE = timedelta(minutes=15)
"""Kafka looks every 5 minutes, and deletes files a minute later: `file.delete.delay.ms`."""

_MAX_DELETE_DELAY = timedelta(minutes=10)
_TOMBSTONES = timedelta(days=15)
"""A reader that is a fortnight behind still learns that a device was cancelled."""


@dataclass(frozen=True, slots=True)
class WantedTopic:
    """A topic as it is created."""

    name: str
    partitions: int
    settings: Mapping[str, str]
    replication: int


@dataclass(frozen=True, slots=True)
class Breach:
    """What a topic has and must not have.

    Attributes:
        setting: Kafka's name of it.
    """

    topic: str
    setting: str
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.found}, allowed is {self.allowed}"


def plan(settings: Settings) -> list[WantedTopic]:
    """Every topic, as `create` makes it.

    Raises:
        PolicyError: With these settings a raw record would outlive the fortnight.
    """
    allowed = _allowed_in_kafka(settings)
    if settings.topic_retention + settings.topic_segment > allowed:
        raise PolicyError(
            "FORTNIGHT_TOPIC_RETENTION + FORTNIGHT_TOPIC_SEGMENT is "
            f"{_days(settings.topic_retention + settings.topic_segment)}, allowed is at most "
            f"{_days(allowed)}: with the late window and {_NOTICE} no more than {FORTNIGHT.days} d"
        )
    data = {
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": _ms(settings.topic_retention),
        "segment.ms": _ms(settings.topic_segment),
    }
    devices = {
        "cleanup.policy": "compact",
        "message.timestamp.type": "LogAppendTime",
        "delete.retention.ms": _ms(_TOMBSTONES),
        "min.compaction.lag.ms": _ms(COMPACTED_AFTER),
        "max.compaction.lag.ms": _ms(COMPACTED_AFTER),
        "segment.ms": _ms(COMPACTED_AFTER),
    }
    return [
        *(WantedTopic(name, settings.partitions, data, settings.replication) for name in STREAMED),
        WantedTopic(DEVICES_TOPIC, 1, devices, settings.replication),
    ]


def carry_out(wanted: list[WantedTopic], cluster: Cluster) -> dict[str, bool]:
    """Create the topics that are not there; one that is there is left as it is.

    Returns:
        By topic, whether it was created.
    """
    return {
        topic.name: cluster.create(
            topic.name, topic.partitions, topic.settings, replication=topic.replication
        )
        for topic in wanted
    }


def breaches(found: Mapping[str, Topic], settings: Settings) -> list[Breach]:
    """Everything about the topics that breaks a promise, in the order of the topics."""
    missing = [
        Breach(name, "the topic", "missing", "one that `fortnight topics create` makes")
        for name in NAMES
        if name not in found
    ]
    wrong = [
        breach
        for name, topic in found.items()
        for breach in (_of_devices(topic) if name == DEVICES_TOPIC else _of_data(topic, settings))
    ]
    return missing + wrong


def _of_data(topic: Topic, settings: Settings) -> Iterator[Breach]:
    yield from _unequal(topic, {"message.timestamp.type": "LogAppendTime"})
    yield from _unequal(topic, {"cleanup.policy": "delete"})
    yield from _longer(topic, "file.delete.delay.ms", _MAX_DELETE_DELAY)
    retention, segment = (_number(topic, name) for name in ("retention.ms", "segment.ms"))
    allowed = _allowed_in_kafka(settings)
    if retention < 0 or retention + segment > int(_ms(allowed)):
        together = "for ever" if retention < 0 else f"{retention + segment} ({retention}+{segment})"
        yield Breach(
            topic.name, "retention.ms + segment.ms", together, f"at most {_ms(allowed)} together"
        )


def _of_devices(topic: Topic) -> Iterator[Breach]:
    yield from _unequal(topic, {"message.timestamp.type": "LogAppendTime"})
    yield from _unequal(topic, {"cleanup.policy": "compact"})
    yield from _longer(topic, "max.compaction.lag.ms", COMPACTED_AFTER)
    yield from _longer(topic, "segment.ms", COMPACTED_AFTER)
    if topic.partitions != 1:
        yield Breach(topic.name, "partitions", str(topic.partitions), "1, for a total order")
    yield from _shorter(topic, "delete.retention.ms", _TOMBSTONES)
    yield from _shorter(topic, "min.compaction.lag.ms", COMPACTED_AFTER)


def _unequal(topic: Topic, wanted: Mapping[str, str]) -> Iterator[Breach]:
    for setting, value in wanted.items():
        if (found := topic.settings[setting]) != value:
            yield Breach(topic.name, setting, found, value)


def _longer(topic: Topic, setting: str, limit: timedelta) -> Iterator[Breach]:
    if _number(topic, setting) > int(_ms(limit)):
        yield Breach(topic.name, setting, topic.settings[setting], f"at most {_ms(limit)}")


def _shorter(topic: Topic, setting: str, limit: timedelta) -> Iterator[Breach]:
    if _number(topic, setting) < int(_ms(limit)):
        yield Breach(topic.name, setting, topic.settings[setting], f"at least {_ms(limit)}")


def _allowed_in_kafka(settings: Settings) -> timedelta:
    return FORTNIGHT - settings.late_window - _NOTICE


def _number(topic: Topic, setting: str) -> int:
    return int(topic.settings[setting])


def _ms(value: timedelta) -> str:
    return str(value // timedelta(milliseconds=1))


def _days(value: timedelta) -> str:
    return f"{value / timedelta(days=1):g} d"
