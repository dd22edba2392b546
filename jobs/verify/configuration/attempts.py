"""Trying in S3, as each role, what it may do and what it may not; nothing is changed by it.

A role's credentials are AWS's profile `fortnight-<role>-<region>`, as Kafka's are its certificate.
What is attached to whom in IAM is not read: groups, boundaries, organisations and policies of
buckets have their say too, and what all of them together come to is what S3 answers here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from jobs.buckets import Purpose as Held
from jobs.roles.declared import Role, roles
from jobs.verify.configuration.tried import Attempt, InS3, Tried
from schemas.errors import FortnightError
from schemas.tables import TABLES
from storage.s3 import S3Location
from storage.s3.evidence import Seen, Unseen
from storage.s3.trying import Trying, as_profile, profiles

if TYPE_CHECKING:
    from jobs.verify.scene import Bucket, Scene
    from jobs.verify.stored.listing import Listing

_AT_ONCE = 16
_PURPOSES: Mapping[str, Held] = {
    "rows": Held.ROWS,
    "restricted": Held.RESTRICTED,
    "holds": Held.HELD,
}
"""Of a scene's buckets, as roles name them."""
_OUR_FOLDERS = ("_ledger", "_links", "_watch", "_held")
_OF_A_BUCKET = ("ListBucket", "ListBucketVersions")
_OF_A_VERSION = "GetObjectVersion"
_OF_WHAT_IS = ("GetObject", _OF_A_VERSION)
_OF_WHAT_NEVER_WAS = ("PutObject", "DeleteObjectVersion")
_ELSEWHERE = frozenset({"ListBucket", "GetObject", "PutObject"})
"""What is tried in other regions' buckets, where everything is refused."""


def profile_of(role: str, region: str) -> str:
    """The name of AWS's profile with a role's credentials in a region."""
    return f"fortnight-{role}-{region}"


def try_all(scene: "Scene", unversioned: Collection[str]) -> InS3:
    """Try everything as every role that there is a profile of.

    Args:
        unversioned: Names of buckets that keep no versions.
    """
    wheres = {one.name: one.where for one in scene.buckets if one.where and not one.refused}
    if not wheres:
        return InS3()
    try:
        known = profiles()
    except FortnightError as error:
        return InS3(unusable={"AWS's profiles": str(error)})
    every = {
        profile_of(role.name, region): (role, region)
        for role in roles(scene.settings)
        for region in scene.regions
    }
    found = InS3(untried=[name for name in every if name not in known])
    if mine := {name: whose for name, whose in every.items() if name in known}:
        planned = _with_versions(attempts(scene, unversioned), _asked(wheres))
        for name, (role, region) in mine.items():
            try:
                asked = _asked(wheres, name)
            except FortnightError as error:
                found.unusable[name] = str(error)
            else:
                found.tried.extend(_tried(role, region, planned, asked))
    return found


def _asked(wheres: Mapping[str, S3Location], profile: str = "") -> Mapping[str, Trying]:
    """Bucket -> whoever asks where it is: we, or a profile."""
    by_place: dict[str, Trying] = {}
    for where in wheres.values():
        if where.location not in by_place:
            as_ = as_profile(where, profile) if profile else where
            by_place[where.location] = Trying(as_)
    return {bucket: by_place[where.location] for bucket, where in wheres.items()}


def _with_versions(planned: Iterable[Attempt], asked: Mapping[str, Trying]) -> list[Attempt]:
    """The same, of which those that read a version name it."""
    return [
        replace(one, version=asked[one.bucket].version_of(one.bucket, one.key))
        if one.action == _OF_A_VERSION
        else one
        for one in planned
    ]


def attempts(scene: "Scene", unversioned: Collection[str]) -> Iterator[Attempt]:
    """What is tried in each bucket, of objects that are there and of one that never was."""
    listings = {one.bucket: one for one in (scene.seen.listings if scene.seen else ())}
    for bucket in scene.buckets:
        if bucket.where and bucket.is_ours and not bucket.refused and bucket.name in listings:
            yield from _in_bucket(bucket, listings[bucket.name], bucket.name in unversioned)


def is_declared(role: Role, attempt: Attempt, region: str) -> bool:
    """Whether a role of a region is declared to do that."""
    return attempt.region == region and any(
        attempt.action in right.actions
        and right.purpose is _PURPOSES[attempt.purpose]
        and _is_about(right.keys, attempt.key)
        for right in role.s3
    )


def _in_bucket(bucket: "Bucket", listing: "Listing", is_unversioned: bool) -> Iterator[Attempt]:  # noqa: FBT001 - one bucket's
    def attempt(action: str, area: str = "", key: str = "") -> Attempt:
        return Attempt(action, bucket.name, bucket.region, str(bucket.purpose), area, key)

    yield from map(attempt, _OF_A_BUCKET)
    for area, key in _there(bucket, listing).items():
        yield from (attempt(action, area, key) for action in _OF_WHAT_IS)
    never = uuid4().hex
    for area in (*TABLES, *_OUR_FOLDERS):
        key = f"{area}/date=1970-01-01/expires=1970-01-15T00/{never}.parquet"
        more = ("DeleteObject",) if is_unversioned else ()
        yield from (attempt(action, area, key) for action in (*_OF_WHAT_NEVER_WAS, *more))


def _there(bucket: "Bucket", listing: "Listing") -> dict[str, str]:
    """Kind of objects -> one that is there: of files the one that will be for longest."""
    found = {one.table: one.key for one in sorted(listing.files, key=lambda one: one.expires)}
    for table, versions in listing.entries.items():
        found[f"{table}/_delta_log"] = f"{table}/_delta_log/{max(versions):020}.json"
    is_of_holds = _PURPOSES[bucket.purpose] is Held.HELD
    for key in (*listing.others, *listing.unread):
        if (folder := key.partition("/")[0]) in _OUR_FOLDERS or is_of_holds:
            found.setdefault(folder, key)
    return found


def _tried(
    role: Role, region: str, planned: Iterable[Attempt], asked: Mapping[str, Trying]
) -> list[Tried]:
    """Every attempt, with the answer."""

    def answer(one: Attempt) -> Tried:
        may: Seen[bool]
        if isinstance(one.version, Unseen):
            may = one.version
        else:
            may = asked[one.bucket].may(one.action, one.bucket, one.key, one.version)
        return Tried(role.name, region, one, may, is_declared(role, one, region))

    mine = [one for one in planned if one.region == region or one.action in _ELSEWHERE]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(answer, mine))


def _is_about(patterns: Collection[str], key: str) -> bool:
    """Whether a right on these patterns of object keys, or on the bucket, is about that."""
    if not key:
        return not patterns
    return any(key.startswith(one.removesuffix("*")) for one in patterns)
