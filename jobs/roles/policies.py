"""Roles as policies of AWS's IAM: one a role and region, so that no region's reaches another's."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jobs.buckets import Purpose
from jobs.roles.declared import Role, S3Right
from schemas.regions import Region
from schemas.settings import RegionSettings, Settings
from storage.ledger import FOLDER

_VERSION = "2012-10-17"
_ANY = "*"
_OF_THE_ACCOUNT = frozenset({"ListAllMyBuckets"})
"""Actions that are about no bucket: which there are. Nothing of what is in them is told."""


def plan(roles: Iterable[Role], settings: Settings) -> Iterator[tuple[str, Region, dict[str, Any]]]:
    """(role, region, policy); a role without rights in S3 is refused everything there."""
    for role in roles:
        for place in settings.regions:
            with_kms = settings.wrapping == "kms"
            aside = _aside(settings, place.region)
            yield role.name, place.region, policy(role, place, aside=aside, with_kms=with_kms)


def policy(
    role: Role,
    place: RegionSettings,
    *,
    aside: Mapping[Purpose, str] | None = None,
    with_kms: bool = False,
) -> dict[str, Any]:
    """What a role may do in a region; IAM refuses what it does not name.

    Args:
        role: Whose.
        place: The region's bucket for rows, and its location.
        aside: Names of its other buckets, of those purposes for which there is one.
        with_kms: Keys are wrapped by AWS KMS, each by a key of its own in this location.
    """
    buckets = {Purpose.ROWS: place.bucket, **(aside or {})}
    statements = [
        _statement(right, buckets[right.purpose]) for right in role.s3 if right.purpose in buckets
    ]
    if not statements:
        return _document([{"Effect": "Deny", "Action": ["s3:*"], "Resource": [_ANY]}])
    if with_kms and role.kms:
        statements.append(_of_kms(role, place.location))
    return _document(statements)


def _aside(settings: Settings, region: Region) -> dict[Purpose, str]:
    places = {Purpose.RESTRICTED: settings.restricted, Purpose.HELD: settings.holds}
    return {
        purpose: one.bucket
        for purpose, of_all in places.items()
        for one in of_all
        if one.region == region
    }


def _of_kms(role: Role, location: str) -> dict[str, Any]:
    # CreateKey knows no resource: there is none yet
    resource = _ANY if "CreateKey" in role.kms else f"arn:aws:kms:{location}:*:key/*"
    actions = [f"kms:{action}" for action in role.kms]
    allowed: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": [resource]}
    if role.kms_of:
        opens = {"kms:EncryptionContext:version": f"{role.kms_of}{_ANY}"}
        allowed["Condition"] = {"StringLike": opens}
    return allowed


def bucket_policy(bucket: str) -> dict[str, Any]:
    """What holds for everybody who asks a bucket: not without TLS, and no entry is written over.

    The second: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    ledger = _arn(bucket, f"{FOLDER}/*")
    return _document(
        [
            {
                "Sid": "OnlyEncrypted",
                **_forbidden(["s3:*"], [_arn(bucket), _arn(bucket, _ANY)]),
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "AnEntryOfTheLedgerOnce",
                **_forbidden(["s3:PutObject"], [ledger]),
                "Condition": {
                    "Null": {"s3:if-none-match": "true"},
                    "Bool": {"s3:ObjectCreationOperation": "true"},
                },
            },
        ]
    )


def _forbidden(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Deny", "Principal": _ANY, "Action": actions, "Resource": resources}


def _statement(right: S3Right, bucket: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": [f"s3:{action}" for action in sorted(right.actions)],
        "Resource": [_arn(bucket, key) for key in right.keys] or [_whole(right, bucket)],
    }


def _whole(right: S3Right, bucket: str) -> str:
    return _ANY if _OF_THE_ACCOUNT.issuperset(right.actions) else _arn(bucket)


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": statements}


def _arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
