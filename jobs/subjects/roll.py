"""What `fleet.devices` tells now, from one pass over it: registrations, marks, and how far it goes.

Raw identifiers, held by an officer's command for as long as it runs: never to be printed or kept.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from jobs.kafka import Cluster, KafkaRecord
from schemas import marks
from schemas.errors import SettingsError
from schemas.lineage import Partition
from schemas.marks import Mark
from schemas.privacy import canonical
from schemas.tables.devices import DEVICES_TOPIC, Device


@dataclass(frozen=True, slots=True)
class Listed:
    """What is told of one device.

    Attributes:
        device: Its id, as it was written last.
        registration: The newest; None where it was cancelled, or never was one.
        since: When that came, or the tombstone that cancelled it; UTC.
        former: Of a cancelled one, the registration before, as long as the topic has it.
        countries: Every country that is told of it: compaction takes older ones away in a day.
        mark: The newest; None where nothing is said.
        mark_offset: Of that record, or of its tombstone; -1 for none.
        marked: When it came, UTC, by the broker's clock.
    """

    device: str = field(repr=False)
    registration: Device | None = field(default=None, repr=False)
    since: datetime | None = None
    former: Device | None = field(default=None, repr=False)
    countries: frozenset[str] = frozenset()
    mark: Mark | None = field(default=None, repr=False)
    mark_offset: int = -1
    marked: datetime | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether its account was, and it was not registered again."""
        return self.registration is None and self.since is not None


@dataclass(frozen=True, slots=True)
class Roll:
    """The devices that were asked for, and the few others that are marked.

    Attributes:
        devices: By canonical id.
        next_offset: All records of the topic before it were read.
    """

    devices: Mapping[str, Listed] = field(repr=False)
    next_offset: int

    def of(self, device: str) -> Listed:
        """What is told of a device; an entry that says nothing where nothing is."""
        return self.devices.get(canonical(device), Listed(device))


Keeps = Callable[[Listed], bool]
"""Whether a device is wanted, as it is told of now; decided anew with every record of it."""


def these(devices: Iterable[str]) -> Keeps:
    """Just these devices, by their ids."""
    wanted = {canonical(device) for device in devices}
    return lambda listed: canonical(listed.device) in wanted


def read(
    cluster: Cluster, keeps: Keeps, *, after: Roll | None = None, but: Collection[int] = ()
) -> Roll:
    """Read `fleet.devices` to its present end.

    Args:
        keeps: Which devices are wanted: of others only those that are marked take memory.
        after: An earlier pass, to go on from.
        but: Offsets of records that are passed over: one's own.

    Raises:
        SettingsError: There is no such topic.
        RetryableError: Kafka does not answer.
    """
    topic = cluster.topics([DEVICES_TOPIC]).get(DEVICES_TOPIC)
    if topic is None:
        raise SettingsError(f"topic {DEVICES_TOPIC}: there is none: `fortnight topics create`")
    first = after.next_offset if after else cluster.beginnings(topic)[0]
    records = cluster.records(Partition(topic.name, topic.id, 0), first=first)
    others = (record for record in records if record.position.offset not in but)
    return gather(others, keeps, after or Roll({}, first))


def gather(records: Iterable[KafkaRecord], keeps: Keeps, known: Roll) -> Roll:
    """The roll after more records, in their order."""
    devices, next_offset = dict(known.devices), known.next_offset
    for record in records:
        next_offset = record.position.offset + 1
        try:
            device = _device_of(record)
            told = _hear(devices.get(canonical(device), Listed(device)), record)
        except (msgspec.DecodeError, UnicodeDecodeError):  # refused by the registry too
            continue
        if keeps(told) or told.mark:  # compaction may have left the registration behind its mark
            devices[canonical(device)] = told
        else:
            devices.pop(canonical(device), None)
    return Roll(devices, next_offset)


def _device_of(record: KafkaRecord) -> str:
    marked = marks.marked_device(record.key)
    if marked is not None:
        return marked
    if record.value is None:
        return (record.key or b"").decode()
    return _REGISTRATION.decode(record.value).device


def _hear(listed: Listed, record: KafkaRecord) -> Listed:
    if marks.marked_device(record.key) is not None:
        mark, came = marks.decode(record.value), record.ingest_time
        return replace(listed, mark=mark, mark_offset=record.position.offset, marked=came)
    if record.value is None:
        former = listed.registration or listed.former
        return replace(listed, registration=None, since=record.ingest_time, former=former)
    said = _REGISTRATION.decode(record.value)
    return replace(
        listed,
        device=said.device,
        registration=said,
        since=record.ingest_time,
        former=None,
        countries=listed.countries | {said.country},
    )


_REGISTRATION = msgspec.json.Decoder(Device)
