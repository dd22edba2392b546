"""Officers' marks are put into `fleet.devices`, where they have one order with registrations.

Of several officers at once each sees what the others said: the producer's one name is taken first,
which ends whatever another has begun, and only then the marks are read that are to be changed.
"""

from collections.abc import Callable, Collection, Iterator

from jobs.kafka import Cluster
from jobs.kafka.producer import Producer
from jobs.subjects.roll import Listed, Roll, read, these
from schemas.marks import Mark, encode, mark_key
from schemas.tables.devices import DEVICES_TOPIC

NAME = "fortnight-marks"
"""Of the producer: the newest that takes it is the only one."""

Change = Callable[[Mark], Mark]
"""From what is said of a device to what is to be said: the same twice changes nothing."""


def put_marks(
    cluster: Cluster, devices: Collection[str], change: Change, *, roll: Roll | None = None
) -> int:
    """Change the marks of devices, all of them or none; safe to repeat.

    Args:
        devices: Ids.
        change: What to say from now on.
        roll: An earlier pass that has the devices, to go on from; None: it is read here.

    Returns:
        The offset behind their marks: a worker that applied `fleet.devices` up to it knows them.
        0 where nothing was ever said of any.

    Raises:
        RetryableError: Kafka does not answer: the marks may be there, or not.
    """
    if not devices:
        return 0
    with cluster.producer(NAME) as producer:
        now = read(cluster, these(devices), after=roll)
        changed = list(_changed([now.of(device) for device in devices], change))
        behind = _send(producer, changed) if changed else 0
    return max([behind, *(now.of(device).mark_offset + 1 for device in devices)])


def _changed(listed: Collection[Listed], change: Change) -> Iterator[Mark]:
    for one in listed:
        before = one.mark or Mark(device=one.device)
        if (after := change(before)) != before:
            yield after


def _send(producer: Producer, marks: Collection[Mark]) -> int:
    """Send marks; the offset behind the last."""
    with producer.at_once():
        sent = [producer.send(DEVICES_TOPIC, mark_key(one.device), encode(one)) for one in marks]
    return max(wait()[1] for wait in sent) + 1
