"""Whose a raw record is: that says its content, and its key where that cannot be read.

A record from before its robot was bound to its owner is nobody's here; one whose own time cannot be
read counts as being as late as a record may be.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from jobs.kafka import KafkaRecord
from jobs.subjects.access.search.people import Owners, Person
from schemas.privacy import canonical
from schemas.retention import CLOCK_AHEAD, SANE_SINCE, microseconds

_SANE, _AHEAD = microseconds(SANE_SINCE), microseconds(CLOCK_AHEAD)


class Claims:
    """Whose a record is."""

    def __init__(self, people: Sequence[Person], late_window: timedelta) -> None:
        """Prepare.

        Args:
            late_window: How much older than its arrival a record may be.
        """
        self._owners = Owners.of(people, lambda device: [canonical(device)]).names
        self._late = microseconds(late_window)

    def owners(self, record: KafkaRecord) -> list[int]:
        """The places of the people whose it is; none: it is nobody's who asks."""
        said = _said(record)
        device = _key(record) if said is None else said.device
        owners = self._owners.get(canonical(device), ())
        if not owners:
            return []
        of = self._moment(record, said)
        return [place for place, robot in owners if of >= robot.since]

    def _moment(self, record: KafkaRecord, said: "_Said | None") -> int:
        """When it is of, or was sent, whichever is earlier: microseconds since 1970 in UTC."""
        arrived = microseconds(record.ingest_time)
        if said is None:
            return arrived - self._late
        is_sane = _SANE <= said.event_time <= arrived + _AHEAD
        return min(arrived, said.event_time) if is_sane else arrived


def device_of(record: KafkaRecord) -> str:
    """The id of the device that a record is of: raw, never to be shown."""
    said = _said(record)
    return _key(record) if said is None else said.device


def content_type(record: KafkaRecord) -> str:
    """What its sender says that it is."""
    return dict(record.headers).get("content-type", b"application/json").decode("ascii", "replace")


class _Said(msgspec.Struct, gc=False):
    """What a record of any topic says of whose it is."""

    device: str
    event_time: int


_JSON, _MESSAGEPACK = msgspec.json.Decoder(_Said), msgspec.msgpack.Decoder(_Said)


def _said(record: KafkaRecord) -> _Said | None:
    decoder = _MESSAGEPACK if "msgpack" in content_type(record) else _JSON
    try:
        return decoder.decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _key(record: KafkaRecord) -> str:
    return (record.key or b"").decode("utf-8", "replace")
