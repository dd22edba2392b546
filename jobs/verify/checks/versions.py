"""Receipts name the policy by which rows were judged, and it is one that there was."""

from collections.abc import Iterator

from jobs.verify.promise import Promise
from jobs.verify.scene import Scene
from jobs.verify.stored.logs import LogEntry
from jobs.verify.verdict import Look, Tally


def receipts(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Every receipt names a version of the maker's policy that was in force, or is."""
    if (seen := scene.seen) is None:
        return
    tally = Tally()
    stored = 0
    for entry in seen.entries:
        if entry.policies is not None:
            stored += entry.vendors.get(promise.vendor, 0)
            tally.look(entry.place, _wrong(entry, promise))
        elif entry.unread:
            tally.add(entry.place, "it is no entry of a table's log")
    yield Look(
        checked="each commit's receipt names the version of the policy that was in force",
        looked_at=tally.looked_at,
        unit="log entries",
        of=seen.log_objects if seen.log_objects > len(seen.entries) else 0,
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(seen.unseen.values()),
        notes=(f"{stored} rows of this maker were stored by these commits",),
        repeat="fortnight policy counts",
    )


def _wrong(entry: LogEntry, promise: Promise) -> Iterator[str]:
    said = (entry.policies or {}).get(promise.vendor)
    if said is None:
        if entry.vendors.get(promise.vendor):
            yield "rows were stored, and no version of their maker's policy is named"
        return
    published, _, edition = said.rpartition(".")
    if published != promise.policy.published or not edition.isdecimal():
        yield "a version of the policy that was never in force"
    elif int(edition) > promise.policy.edition:
        yield "a later edition of the policy than there is"
