"""Roles as policies of AWS's IAM: one a role and region, so that no region's reaches another's."""

from collections.abc import Iterable, Iterator
from typing import Any

from jobs.roles.declared import Role, S3Right
from schemas.settings import RegionSettings

_VERSION = "2012-10-17"
_ANY = "*"


def plan(
    roles: Iterable[Role], places: Iterable[RegionSettings]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`role-region`, its policy); a role without rights in S3 is refused everything there."""
    everywhere = tuple(places)
    for role in roles:
        for place in everywhere:
            yield f"{role.name}-{place.region}", policy(role, place.bucket)


def policy(role: Role, bucket: str) -> dict[str, Any]:
    """What a role may do in a region's bucket; IAM refuses what it does not name."""
    if not role.s3:
        return _document([{"Effect": "Deny", "Action": ["s3:*"], "Resource": [_ANY]}])
    return _document([_statement(right, bucket) for right in role.s3])


def bucket_policy(bucket: str) -> dict[str, Any]:
    """What holds for everybody who asks a bucket: not without TLS."""
    return _document(
        [
            {
                "Sid": "OnlyEncrypted",
                "Effect": "Deny",
                "Principal": _ANY,
                "Action": ["s3:*"],
                "Resource": [_arn(bucket), _arn(bucket, _ANY)],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    )


def _statement(right: S3Right, bucket: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": [f"s3:{action}" for action in sorted(right.actions)],
        "Resource": [_arn(bucket, key) for key in right.keys] or [_arn(bucket)],
    }


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": _VERSION, "Statement": statements}


def _arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
