"""A subject's new records are withheld, from the mark on and until it is lifted."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from jobs.kafka import Cluster
from jobs.subjects.case import Case
from jobs.subjects.marks import put_marks
from jobs.subjects.roll import Roll
from jobs.subjects.selecting import devices_of

ACT = "subject stop"


def stop(
    cases: Sequence[Case], cluster: Cluster, roll: Roll, *, lift: bool = False
) -> Iterator[str]:
    """Mark the devices of every case as stopped, or lift that; each case in words. Safe to repeat.

    Raises:
        PolicyError: A case has no device: nothing was marked.
        RetryableError: Kafka or a store does not answer; call again.
    """
    devices = devices_of(cases)
    behind = put_marks(cluster, devices, lambda mark: replace(mark, stopped=not lift), roll=roll)
    for case in cases:
        n = len(case.subject.devices)
        changed = sum(_is_stopped(roll, one) == lift for one in case.subject.devices)
        scope = {"what": "lifted" if lift else "stopped"}
        case.tell(ACT, scope=scope, looked_at={"devices": n}, changed={"marks": changed})
        what = "stored again" if lift else "withheld"
        yield (
            f"{case.request.number}: {n} devices: what comes from now on is {what}, by workers "
            f"that know registrations up to offset {behind}"
        )


def _is_stopped(roll: Roll, device: str) -> bool:
    mark = roll.of(device).mark
    return mark is not None and mark.stopped
