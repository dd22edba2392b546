"""Rows and every copy of them are gone in time: by names and ages, whatever is in the bytes."""

from collections.abc import Iterator

from jobs.verify.promise import Promise
from jobs.verify.scene import Bucket, Scene
from jobs.verify.stored.listing import Listing
from jobs.verify.verdict import Look, Tally

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
