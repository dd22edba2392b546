"""Buckets, looked at one by one: what a check makes of each, and what it could not see of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from jobs.verify.configuration.state import Configured, Placed
from jobs.verify.verdict import Look, Tally
from storage.s3.evidence import BucketEvidence, Target, Unseen

HOLDS_ROWS: tuple[str, ...] = ("rows", "restricted", "holds")
"""Purposes of buckets in which rows are."""

EVERYWHERE = (*HOLDS_ROWS, "anchors")

HOW = {
    "replication": "get-bucket-replication",
    "inventory": "list-bucket-inventory-configurations",
    "access log": "get-bucket-logging",
    "notification": "get-bucket-notification-configuration",
}
"""What sends something away -> the call of `aws s3api` that shows it."""

_NOT_THERE = "it is not there"

Wrong: TypeAlias = Callable[[Placed, BucketEvidence], Iterable[str | Unseen]]
"""What is wrong with a bucket, in words; or what of it could not be seen."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of some buckets.

    Attributes:
        checked: What, as a sentence.
        call: Of `aws s3api`, which repeats it.
        purposes: Of the buckets.
        region: Theirs; empty: every one's.
    """

    checked: str
    call: str
    purposes: tuple[str, ...] = HOLDS_ROWS
    region: str = ""

    def is_about(self, placed: Placed) -> bool:
        """Whether a bucket is one of them."""
        return placed.purpose in self.purposes and self.region in ("", placed.region)


def look(question: Question, configured: Configured, wrong: Wrong) -> Look:
    """Look at every bucket that a question is about."""
    tally, unknown = Tally(), []
    for placed in filter(question.is_about, configured.buckets):
        if not isinstance(placed.found, BucketEvidence):
            unknown.append(f"bucket {placed.name}: {placed.found or _NOT_THERE}")
            continue
        said = list(wrong(placed, placed.found))
        unknown += [f"bucket {placed.name}: {one}" for one in said if isinstance(one, Unseen)]
        tally.look(placed.name, [one for one in said if isinstance(one, str)])
    return Look(
        checked=question.checked,
        looked_at=tally.looked_at,
        unit="buckets",
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(unknown),
        repeat=f"aws s3api {question.call} --bucket BUCKET",
    )


def targets_of(found: BucketEvidence, how: str) -> Iterable[Target | Unseen]:
    """What something sends away, and to where."""
    targets = found.targets[how]
    return (targets,) if isinstance(targets, Unseen) else targets
