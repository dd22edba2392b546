"""Rows and every copy of them are gone in time: by names and ages, whatever is in the bytes."""

from collections.abc import Iterator
from datetime import timedelta

from jobs.verify.checks.rows import policy_is
from jobs.verify.promise import Promise
from jobs.verify.rows.question import Question
from jobs.verify.scene import Bucket, Purpose, Scene
from jobs.verify.stored.listing import Listing
from jobs.verify.verdict import Look, Tally
from schemas.policies.keeping import Retention

_MICROSECOND = timedelta(microseconds=1)
_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_AHEAD = 300_000_000
"""A robot's clock may be so far ahead of the broker's, and is believed (microseconds)."""
_VERSIONS = "aws s3api list-object-versions --bucket {bucket}"
_UPLOADS = "aws s3api list-multipart-uploads --bucket {bucket}"


def ages(promise: Promise, scene: Scene) -> Iterator[Look]:
    """No object is there after its path's hour, in any version; and every path names an hour."""
    del promise
    for bucket, listing in _listed(scene):
        yield _look(
            f"{bucket.name}: nothing outlives the hour in its path, in any version",
            listing.ages,
            (listing.refused,),
            _VERSIONS.format(bucket=bucket.name),
        )
        yield _look(
            f"{bucket.name}: every object's name says what it is, and of a table that there is",
            listing.strays,
            (listing.refused,),
            _VERSIONS.format(bucket=bucket.name),
        )
        yield _look(
            f"{bucket.name}: what was deleted is gone, and not only hidden by a marker",
            listing.markers,
            (listing.refused,),
            _VERSIONS.format(bucket=bucket.name),
        )


def logs(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Tables' logs name files, so they are kept no longer than rows."""
    del promise
    for bucket, listing in _listed(scene):
        yield _look(
            f"{bucket.name}: no part of a table's log is older than rows may be",
            listing.logs,
            (listing.refused,),
            _VERSIONS.format(bucket=bucket.name),
        )


def uploads(promise: Promise, scene: Scene) -> Iterator[Look]:
    """Parts of uploads are bytes too, which no listing shows."""
    del promise
    for bucket, listing in _listed(scene):
        if bucket.where is not None:
            yield _look(
                f"{bucket.name}: no unfinished upload is old, or past its hour",
                listing.uploads,
                (listing.uploads_refused or listing.refused,),
                _UPLOADS.format(bucket=bucket.name),
            )


def in_time(promise: Promise, scene: Scene) -> Iterator[Question]:
    """The hour in a row's path is the one that its own clocks give."""
    del scene
    if not isinstance(promise.clause, Retention):
        return
    clause = promise.clause
    at_most, earliest = (
        value // _MICROSECOND for value in (clause.at_most, clause.at_least - clause.early)
    )
    start = "least(event_us, ingest_us)"
    mine = f"{policy_is(promise.vendor)} and its_purpose <> '{Purpose.HOLDS}'"
    for table in clause.tables:
        yield Question(
            table=table,
            checked=f"rows of {table} are gone within {clause.at_most.days} days of their hour",
            of=mine,
            broken=f"its_expires > {start} - {start} % {_HOUR} + {at_most}",
            what="their path lets them stay longer than the policy",
        )
        yield Question(
            table=table,
            checked=f"rows of {table} whose robot's clock is believed stay as long as is promised",
            of=f"{mine} and clock_believed",
            broken=f"its_expires < {start} + {earliest} - {_AHEAD}",
            what="their path lets them go earlier than the policy",
        )
        yield Question(
            table=table,
            checked=f"rows of {table} lie under the date on which they happened",
            of=mine,
            broken=f"event_us // {_DAY} <> its_day",
            what="under another date than that of the event",
        )


def _listed(scene: Scene) -> Iterator[tuple[Bucket, Listing]]:
    listings = scene.seen.listings if scene.seen else ()
    known = {(one.region, one.bucket): one for one in listings}
    for bucket in scene.buckets:
        if bucket.is_ours:
            yield bucket, known[bucket.region, bucket.name]


def _look(checked: str, tally: Tally, unknown: tuple[str, ...], repeat: str) -> Look:
    return Look(
        checked=checked,
        looked_at=tally.looked_at,
        findings=tuple(tally.findings),
        found=tally.found,
        unknown=tuple(filter(None, unknown)),
        repeat=repeat,
    )
