"""Registrations are changed where a subject's right asks for it, and the account service is slow.

They are the account service's, which writes without asking us. So what it wrote while we did is
found afterwards and gets the same change: neither its word nor the subject's is lost.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

import msgspec
from msgspec import structs

from jobs.kafka import Cluster
from jobs.kafka.producer import Producer
from jobs.subjects.marks import NAME
from jobs.subjects.roll import Listed, Roll, read, these
from schemas.tables.devices import DEVICES_TOPIC, Device

Change = Callable[[Device], Device | None]
"""From a registration to what it is to be; None: a tombstone. The same twice changes nothing."""

_New = Mapping[str, Device | None]
"""Device id -> its registration."""


def put_registrations(
    cluster: Cluster, devices: Collection[str], change: Change, *, roll: Roll | None = None
) -> int:
    """Change the registrations of devices that have one, each published whole; safe to repeat.

    Args:
        devices: Ids.
        change: What a registration is to be.
        roll: An earlier pass that has the devices, to go on from; None: it is read here.

    Returns:
        How many were changed.

    Raises:
        RetryableError: Kafka does not answer: some may be changed; call again.
    """
    if not devices:
        return 0
    with cluster.producer(NAME) as producer:
        now = read(cluster, these(devices), after=roll)
        new = dict(_changed([now.of(device) for device in devices], change))
        changed = set(new)
        while new:
            own = _send(producer, new)
            seen = read(cluster, these(devices), after=now, but=own)
            new = dict(_overtaken([(now.of(device), seen.of(device)) for device in new], change))
            now = replace(seen, next_offset=max(*own, seen.next_offset - 1) + 1)
    return len(changed)


def bind_anew(cluster: Cluster, devices: Collection[str], at: int) -> int:
    """Register devices as somebody's who bound them now; how many. Safe to repeat.

    Args:
        devices: Ids.
        at: Since when, microseconds since 1970 in UTC.

    Raises:
        RetryableError: Kafka does not answer: some may be bound; call again.
    """
    return put_registrations(cluster, devices, lambda one: structs.replace(one, bound_since=at))


def _changed(listed: Collection[Listed], change: Change) -> Iterator[tuple[str, Device | None]]:
    for one in listed:
        if one.registration and (after := change(one.registration)) != one.registration:
            yield one.registration.device, after


def _overtaken(
    pairs: Collection[tuple[Listed, Listed]], change: Change
) -> Iterator[tuple[str, Device | None]]:
    """What others said of devices beside us, changed as what they had said before."""
    for before, after in pairs:
        if after.registration != before.registration:
            said = after.registration
            yield after.device, change(said) if said else None


def _send(producer: Producer, new: _New) -> list[int]:
    """Publish; the offset of each."""
    with producer.at_once():
        sent = [
            producer.send(DEVICES_TOPIC, device.encode(), _encoded(said))
            for device, said in new.items()
        ]
    return [wait()[1] for wait in sent]


def _encoded(said: Device | None) -> bytes | None:
    return msgspec.json.encode(said) if said else None
