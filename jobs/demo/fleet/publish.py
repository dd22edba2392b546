"""A fleet's records to Kafka, at their pace, with a journal of what should become of each."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TextIO

import msgspec

from jobs.demo.fleet.records import Record
from jobs.kafka import Producer, Sent
from schemas.tables.devices import DEVICES_TOPIC

_AT_ONCE = 2_000
"""Records on their way before the oldest one's answer is awaited."""

_TICK_SECONDS = 0.005
"""Kafka's timestamps are whole milliseconds: after this, what comes is later."""


class Line(msgspec.Struct, frozen=True):
    """A line of the journal: where a record is, and what should become of it.

    It names nobody: no key, no value.
    """

    topic: str
    partition: int
    offset: int
    how: str
    region: str
    why: str


class Pace(Protocol):
    """Lets records go when they are due."""

    def __call__(self, after: float) -> bool:
        """Wait until so many seconds after the start; False: stop instead."""


@dataclass(slots=True)
class Counts:
    """How many records were sent.

    Attributes:
        by_topic: Topic -> records.
        by_fate: (what should become of them, in which region) -> records.
    """

    by_topic: Counter[str] = field(default_factory=Counter)
    by_fate: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Count one."""
        self.by_topic[record.topic] += 1
        self.by_fate[record.fate.how, record.fate.region] += 1

    def __str__(self) -> str:
        """Two lines for people."""
        topics = ", ".join(f"{topic} {n:,}" for topic, n in sorted(self.by_topic.items()))
        fates = ", ".join(
            f"{' '.join(part for part in fate if part)} {n:,}"
            for fate, n in sorted(self.by_fate.items())
        )
        return f"sent {self.by_topic.total():,} records: {topics}\nto become: {fates}"


@dataclass(frozen=True, slots=True)
class Hands:
    """Two producers as one: who registers devices publishes no measurement, nor the other way."""

    fleet: Producer
    account_service: Producer

    def send(
        self,
        topic: str,
        record_key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> Sent:
        """As a producer's `send`, by whoever may."""
        hand = self.account_service if topic == DEVICES_TOPIC else self.fleet
        return hand.send(topic, record_key, value, headers)

    def flush(self) -> None:
        """Wait until everything sent so far was answered."""
        self.fleet.flush()
        self.account_service.flush()


def at_their_pace(stopped: Callable[[float], bool]) -> Pace:
    """Records go when they are due.

    Args:
        stopped: Waits so many seconds at most, and returns early and true when it is time to stop.
    """
    began = time.monotonic()

    def pace(after: float) -> bool:
        return not stopped(max(0.0, began + after - time.monotonic()))

    return pace


def publish(
    records: Iterable[Record], producer: Producer | Hands, pace: Pace, journal: TextIO | None = None
) -> Counts:
    """Send records until they end or the pace says so.

    Registrations are fenced: durable, and a tick of the broker's clock apart from their
    neighbours, since they take effect for what comes later.

    Returns:
        What was sent; all of it is durable, and in the journal where there is one.
    """
    counts, on_the_way = Counts(), _OnTheWay(journal)
    was_device = True
    for record in records:
        if not pace(record.after):
            break
        if (is_device := record.topic == DEVICES_TOPIC) is not was_device:
            producer.flush()
            time.sleep(_TICK_SECONDS)
            was_device = is_device
        sent = producer.send(record.topic, record.record_key, record.value, record.headers)
        on_the_way.add(record, sent)
        counts.add(record)
    producer.flush()
    on_the_way.arrived(all_of_them=True)
    return counts


def lines(file: Iterable[str]) -> Iterator[Line]:
    """Read a journal back."""
    return (msgspec.json.decode(line, type=Line) for line in file)


@dataclass(slots=True)
class _OnTheWay:
    journal: TextIO | None
    records: list[tuple[Record, Sent]] = field(default_factory=list)

    def add(self, record: Record, sent: Sent) -> None:
        self.records.append((record, sent))
        if len(self.records) > 2 * _AT_ONCE:
            self.arrived()

    def arrived(self, *, all_of_them: bool = False) -> None:
        """Wait for the oldest records' answers, and write them down."""
        n = len(self.records) if all_of_them else _AT_ONCE
        for record, sent in self.records[:n]:
            partition, offset = sent()
            if self.journal is not None:
                fate = record.fate
                line = Line(record.topic, partition, offset, fate.how, fate.region, fate.why)
                self.journal.write(msgspec.json.encode(line).decode() + "\n")
        del self.records[:n]
