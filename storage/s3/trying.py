"""Asking S3 for what may be refused, so that nothing changes whatever it answers.

GetObject and GetObjectVersion read the first byte of an object that is there. PutObject sends no
bytes, for an object that never was, and only in the place of bytes that nobody has. AWS refuses
that to those who may put and not read, too: so what is refused is tried again without the
condition, and with the MD5 of other bytes. Where a server knows neither, an empty object is left
whose hour is over. DeleteObjectVersion names the
version that objects have from before a bucket kept versions, of an object that never was.
DeleteObject would leave a marker where versions are kept: it is tried only where none are, of an
object that never was. The others list one thing.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from schemas.errors import FortnightError, SettingsError
from storage.s3.errors import translated
from storage.s3.evidence import NO_ANSWER, Seen, Unseen
from storage.s3.location import Credentials, S3Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REFUSED = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403"})
_NOT_REFUSED = frozenset(
    {
        *("NoSuchKey", "NoSuchVersion", "NotFound", "404"),
        *("PreconditionFailed", "412", "InvalidRange", "416", "BadDigest"),
    }
)
"""What S3 says to those who may, where there is nothing, or where what they send is not whole."""

_NOTHINGS = '"00000000000000000000000000000000"'
_MD5_OF_OTHERS = "AAAAAAAAAAAAAAAAAAAAAA=="
"""Well-formed, since what is not may be answered before rights are looked at."""
_UNVERSIONED = "null"
_FIRST = "bytes=0-0"
_ONE: Mapping[str, Any] = {"MaxKeys": 1}


def profiles() -> frozenset[str]:
    """Names of profiles in AWS's shared files.

    Raises:
        SettingsError: The files cannot be read.
    """
    with translated("AWS's shared files"):
        return frozenset(boto3.session.Session().available_profiles)


def as_profile(where: S3Location, profile: str) -> S3Location:
    """The same bucket, asked with a profile's credentials.

    Raises:
        SettingsError: It has none, or whoever gives them refuses.
        RetryableError: Whoever gives them does not answer.
    """
    with translated(f"profile {profile}"):
        found = boto3.session.Session(profile_name=profile).get_credentials()
        if found is None:
            raise SettingsError(f"profile {profile} has no credentials")
        keys = found.get_frozen_credentials()
    given = Credentials(str(keys.access_key), str(keys.secret_key), keys.token)
    return S3Location(where.bucket, where.location, where.endpoint, given)


def _put(client: "S3Client", bucket: str, key: str, _: str) -> object:
    """Put nothing, in a way that cannot succeed.

    source: S3 User Guide, "How to prevent object overwrites with conditional writes": `If-Match`
    takes s3:GetObject too.
    """
    try:
        return client.put_object(Bucket=bucket, Key=key, Body=b"", IfMatch=_NOTHINGS)
    except ClientError as error:
        if _code(error) not in _REFUSED:
            raise
    return client.put_object(Bucket=bucket, Key=key, Body=b"", ContentMD5=_MD5_OF_OTHERS)


_Ask = Callable[["S3Client", str, str, str], object]

ACTIONS: Mapping[str, _Ask] = {
    "ListBucket": lambda client, bucket, _, __: client.list_objects_v2(Bucket=bucket, **_ONE),
    "ListBucketVersions": lambda client, bucket, _, __: client.list_object_versions(
        Bucket=bucket, **_ONE
    ),
    "GetObject": lambda client, bucket, key, _: client.get_object(
        Bucket=bucket, Key=key, Range=_FIRST
    ),
    "GetObjectVersion": lambda client, bucket, key, version: client.get_object(
        Bucket=bucket, Key=key, VersionId=version, Range=_FIRST
    ),
    "PutObject": _put,
    "DeleteObjectVersion": lambda client, bucket, key, _: client.delete_object(
        Bucket=bucket, Key=key, VersionId=_UNVERSIONED
    ),
    "DeleteObject": lambda client, bucket, key, _: client.delete_object(Bucket=bucket, Key=key),
}
"""IAM's word, without `s3:` -> what asks for it, of a bucket, an object key and a version."""


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


class Trying:
    """S3 in one location, asked as somebody; threads may share it."""

    def __init__(self, where: S3Location) -> None:
        """Ask where this bucket is; nothing is asked yet."""
        self._client = where.client()

    def version_of(self, bucket: str, key: str) -> Seen[str]:
        """The version of an object that readers see."""
        try:
            with translated(f"s3://{bucket}/{key}"):
                found = self._client.list_object_versions(Bucket=bucket, Prefix=key, **_ONE)
        except (FortnightError, KeyError) as error:
            return Unseen(f"which versions there are is not told: {error}")
        same = [one["VersionId"] for one in found.get("Versions", ()) if one["Key"] == key]
        return same[0] if same else Unseen("it was gone by then")

    def may(self, action: str, bucket: str, key: str = "", version: str = "") -> Seen[bool]:
        """Whether S3 lets these credentials do something, asked as told above.

        Args:
            action: One of `ACTIONS`.
            key: Of an object that is there, to read it; else of one that never was.
            version: The object's, to read it by that.
        """
        try:
            with translated(bucket):
                return _answer(lambda: ACTIONS[action](self._client, bucket, key, version))
        except FortnightError:
            return Unseen(NO_ANSWER)


def _answer(ask: Callable[[], object]) -> Seen[bool]:
    try:
        ask()
    except ClientError as error:
        code = _code(error)
        if code in _REFUSED:
            return False
        return True if code in _NOT_REFUSED else Unseen(f"S3 answers {code}")
    return True
