"""One run: look at the bytes once, then judge clause by clause."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from jobs.verify.checks import CHECKS
from jobs.verify.promise import Check, Judged, Promise
from jobs.verify.scene import Bucket, Purpose, Scene, refusal
from jobs.verify.seen import Seen
from jobs.verify.stored.listing import Listing, Rules, list_bucket
from jobs.verify.verdict import Look, Verdict
from schemas.errors import FortnightError
from schemas.tables import TABLES

Progress = Callable[[str], None]
"""Is told what is being looked at, as a short phrase."""

_LOG_GRACE = timedelta(days=2)
"""Logs are summed up and cleaned when rows expire; then entries of the last checkpoint stay."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every promise with its verdict, and what was looked at."""

    scene: Scene
    judged: tuple[Judged, ...]

    @property
    def broken(self) -> tuple[Judged, ...]:
        """The promises that are not kept."""
        return tuple(one for one in self.judged if one.verdict is Verdict.BROKEN)


def verify(scene: Scene, progress: Progress = lambda _: None) -> Outcome:
    """Prove every clause against stored bytes and live configuration; writes nothing.

    Deterministic: the same bytes, time and seed give the same outcome.
    """
    looked = replace(scene, seen=look_over(scene, progress))
    judged = []
    for promise in promises(scene):
        progress(promise.name)
        judged.append(Judged(promise, tuple(_looks(promise, looked))))
    return Outcome(looked, tuple(judged))


def promises(scene: Scene) -> Iterator[Promise]:
    """Every clause of every policy."""
    for policy in scene.policies.all:
        for clause in policy.clauses:
            yield Promise(policy, clause)


def look_over(scene: Scene, progress: Progress) -> Seen:
    """Look at all names, then at the bytes of the files that the sample has."""
    listings = []
    for bucket in scene.buckets:
        if bucket.is_ours:
            progress(f"listing {bucket.name}")
            listings.append(_listing(bucket, scene))
    files = [file for listing in listings for file in listing.files]
    return Seen(listings=tuple(listings), chosen=tuple(scene.sampling.choose(files)))


def _listing(bucket: Bucket, scene: Scene) -> Listing:
    rules = Rules(
        at_most=scene.policies.retention,
        log_grace=_LOG_GRACE,
        upload_age=scene.settings.upload_age,
        tables=frozenset(TABLES),
        ends=bucket.purpose is not Purpose.HOLDS,
    )
    listing = Listing(bucket.name, bucket.region, refused=bucket.refused)
    if bucket.refused:
        listing.uploads_refused = bucket.refused
        return listing
    return list_bucket(listing, bucket.store, bucket.where, rules, bucket.now)


def _looks(promise: Promise, scene: Scene) -> Iterator[Look]:
    for check in CHECKS[promise.clause.kind]:
        yield from _guarded(check, promise, scene)


def _guarded(check: Check, promise: Promise, scene: Scene) -> Iterator[Look]:
    """What a check yields; where it is refused, a look that says so, and never a silence."""
    try:
        yield from check(promise, scene)
    except FortnightError as error:
        yield Look(checked=(check.__doc__ or "").partition("\n")[0], unknown=(refusal(error),))
