"""Where a record comes from: partitions, positions and spans of Kafka's log."""

import re
from dataclasses import dataclass
from typing import Self

_APPLICATION_ID = re.compile(r"(?P<topic>[^/]+)/(?P<topic_id>[^/]+)/(?P<number>\d+)")


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of one incarnation of a topic: a recreated topic has another `topic_id`."""

    topic: str
    topic_id: str
    number: int

    @property
    def application_id(self) -> str:
        """The application transaction under which a table's log keeps this partition's version."""
        return f"{self.topic}/{self.topic_id}/{self.number}"

    @classmethod
    def parse(cls, application_id: str) -> Self:
        """Read an `application_id` back.

        Raises:
            ValueError: It is not one.
        """
        if (match := _APPLICATION_ID.fullmatch(application_id)) is None:
            raise ValueError("not an application id")
        return cls(match["topic"], match["topic_id"], int(match["number"]))

    def __str__(self) -> str:
        return f"{self.topic}:{self.number}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """One record's place in Kafka: it names a record without saying anything of it."""

    partition: Partition
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A run of offsets of one partition, both ends included; not every offset is a record."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.last:
            raise ValueError("a span holds at least one offset, from zero")

    @property
    def next_offset(self) -> int:
        """The offset to go on with once the span is durable."""
        return self.last + 1
