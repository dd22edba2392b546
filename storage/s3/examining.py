"""Reading a bucket's configuration for an auditor; nothing is changed, and nothing is guessed."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError
from botocore.handlers import disable_signing

from schemas.errors import FortnightError, RetryableError
from storage.s3.errors import translated
from storage.s3.evidence import (
    DENIED,
    NO_ANSWER,
    NO_SUCH_THING,
    BucketEvidence,
    Grant,
    LifecycleRule,
    Seen,
    Target,
    Unseen,
)
from storage.s3.location import S3Location

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Value = TypeVar("Value")

_ABSENT = "it is not there"
_WHY = {
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "403", "Forbidden"), DENIED),
    **dict.fromkeys(("NotImplemented", "MethodNotAllowed", "501", "405"), NO_SUCH_THING),
    "NoSuchBucket": _ABSENT,
}
"""Code of an error -> why something cannot be seen."""

_UNSET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
_WAYS: tuple[str, ...] = (
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
)
_EVERYBODY = ("/AllUsers", "/AuthenticatedUsers")
_FIRST_LOCATION = "us-east-1"
"""GetBucketLocation names none for it (S3 API)."""


def buckets(location: S3Location) -> Seen[tuple[str, ...]]:
    """The names of every bucket that these credentials can list."""
    client = location.client()
    return _asked(lambda: tuple(sorted(one["Name"] for one in client.list_buckets()["Buckets"])))


def folders(location: S3Location) -> Seen[tuple[str, ...]]:
    """The folders at the top of a bucket: up to a thousand of them."""
    ask = location.client().list_objects_v2

    def found() -> tuple[str, ...]:
        answer = ask(Bucket=location.bucket, Delimiter="/")
        return tuple(one["Prefix"].removesuffix("/") for one in answer.get("CommonPrefixes", ()))

    return _asked(found)


def examine(location: S3Location, sampled: Iterable[str] = ()) -> BucketEvidence | None:
    """Look at one bucket; None where there is none of that name.

    Args:
        sampled: Object keys whose encryption is looked at.

    Raises:
        FatalError: The credentials are no credentials.
    """
    looking = _Looking(location.client(), location.bucket)
    place = looking.location(location.bucket)
    if place == Unseen(_ABSENT):
        return None
    return BucketEvidence(
        name=location.bucket,
        location=place,
        encryption=_asked(looking.encryption, unset=""),
        open_ways=_asked(looking.open_ways, unset=(*_WAYS,)),
        grants=_both(_asked(looking.policy, unset=_NONE), _asked(looking.access_list, unset=_NONE)),
        versioning=_asked(looking.versioning),
        lifecycle=_asked(looking.lifecycle, unset=_NONE),
        targets=looking.targets(),
        objects=dict(_encryption(looking, sampled)),
    )


def _encryption(looking: "_Looking", sampled: Iterable[str]) -> Iterator[tuple[str, Seen[str]]]:
    """How objects are encrypted; what is gone meanwhile is left out."""
    for key in sampled:
        if (how := _asked(partial(looking.encrypted, key))) != Unseen(_ABSENT):
            yield key, how


def answers(location: S3Location, *, signed: bool = True, encrypted: bool = True) -> Seen[bool]:
    """Whether a bucket answers somebody who does not sign, or who speaks in the clear.

    Whoever is refused or not understood gets False, and so does who speaks in the clear where
    nobody listens, or is cut off; so ask as one should first. Unseen: there was no answer.
    """
    client = location.client()
    if not encrypted:
        endpoint = client.meta.endpoint_url.replace("https://", "http://", 1)
        client = replace(location, endpoint=endpoint).client()
    if not signed:
        client.meta.events.register("choose-signer.s3.*", disable_signing)
    try:
        with translated(location.bucket):
            client.list_objects_v2(Bucket=location.bucket, MaxKeys=1)
    except RetryableError as error:
        shut = not encrypted and isinstance(error.__cause__, _SHUT)
        return False if shut else Unseen(NO_ANSWER)
    except (FortnightError, KeyError):
        return False
    return True


_SHUT = (EndpointConnectionError, ConnectionClosedError)
"""Nobody listens there, or hangs up."""
_NONE: tuple[Any, ...] = ()


class _Looking:
    """One bucket's answers, in our words; boto's errors go out as they are."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def location(self, bucket: str) -> Seen[str]:
        """Where a bucket is."""
        ask = self._client.get_bucket_location
        return _asked(lambda: str(ask(Bucket=bucket)["LocationConstraint"] or _FIRST_LOCATION))

    def encryption(self) -> str:
        answer = self._client.get_bucket_encryption(Bucket=self._bucket)
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        given: Any = next((one.get("ApplyServerSideEncryptionByDefault") for one in rules), None)
        return str((given or {}).get("SSEAlgorithm", ""))

    def encrypted(self, key: str) -> str:
        answer = self._client.head_object(Bucket=self._bucket, Key=key)
        return answer.get("ServerSideEncryption", "")

    def open_ways(self) -> tuple[str, ...]:
        answer = self._client.get_public_access_block(Bucket=self._bucket)
        blocked: Any = answer["PublicAccessBlockConfiguration"]
        return tuple(way for way in _WAYS if not blocked.get(way))

    def policy(self) -> tuple[Grant, ...]:
        answer = self._client.get_bucket_policy(Bucket=self._bucket)
        return tuple(_granted(json.loads(answer["Policy"])))

    def access_list(self) -> tuple[Grant, ...]:
        answer = self._client.get_bucket_acl(Bucket=self._bucket)
        owner = answer["Owner"].get("ID", "")
        return tuple(_listed([one["Grantee"] for one in answer["Grants"]], owner))

    def versioning(self) -> str:
        return self._client.get_bucket_versioning(Bucket=self._bucket).get("Status", "")

    def lifecycle(self) -> tuple[LifecycleRule, ...]:
        answer = self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)
        rules: list[Any] = list(answer["Rules"])
        return tuple(_rule(one) for one in rules if one["Status"] == "Enabled")

    def targets(self) -> Mapping[str, Seen[tuple[Target, ...]]]:
        """Where something goes by itself, by what sends it."""
        return {
            "replication": _asked(self._replicas, unset=_NONE),
            "inventory": _asked(self._inventories),
            "access log": _asked(self._access_logs),
            "notification": _asked(self._notifications),
        }

    def _replicas(self) -> tuple[Target, ...]:
        answer = self._client.get_bucket_replication(Bucket=self._bucket)
        return tuple(
            self._bucket_target("replication", one["Destination"])
            for one in answer["ReplicationConfiguration"]["Rules"]
            if one["Status"] == "Enabled"
        )

    def _inventories(self) -> tuple[Target, ...]:
        answer = self._client.list_bucket_inventory_configurations(Bucket=self._bucket)
        found: list[Any] = answer.get("InventoryConfigurationList", [])
        return tuple(
            self._bucket_target("inventory", one["Destination"]["S3BucketDestination"])
            for one in found
            if one["IsEnabled"]
        )

    def _access_logs(self) -> tuple[Target, ...]:
        answer = self._client.get_bucket_logging(Bucket=self._bucket)
        if (where := answer.get("LoggingEnabled")) is None:
            return ()
        return (self._bucket_target("access log", {"Bucket": where["TargetBucket"]}),)

    def _notifications(self) -> tuple[Target, ...]:
        answer: Any = self._client.get_bucket_notification_configuration(Bucket=self._bucket)
        arns = [
            one[name]
            for kind, name in (
                ("TopicConfigurations", "TopicArn"),
                ("QueueConfigurations", "QueueArn"),
                ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
            )
            for one in answer.get(kind, ())
        ]
        found = [Target("notification", arn, *arn.split(":")[3:5]) for arn in arns]
        if "EventBridgeConfiguration" in answer:  # a bus of the bucket's account, where it is
            found.append(Target("notification", "EventBridge", self.location(self._bucket)))
        return tuple(found)

    def _bucket_target(self, how: Any, given: Mapping[str, Any]) -> Target:  # noqa: ANN401 - boto's
        name = given["Bucket"].rpartition(":")[2]
        account = given.get("Account") or given.get("AccountId") or ""
        return Target(how, name, self.location(name), account)


def _asked(ask: Callable[[], Value], *, unset: Value | None = None) -> Seen[Value]:
    """An answer, or why there is none; what nobody set is `unset`, where that is an answer."""
    try:
        with translated("bucket"):
            return _answer(ask, unset)
    except RetryableError:
        return Unseen(NO_ANSWER)
    except KeyError:
        return Unseen(_ABSENT)


def _answer(ask: Callable[[], Value], unset: Value | None) -> Seen[Value]:
    try:
        return ask()
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _UNSET and unset is not None:
            return unset
        if code in _WHY:
            return Unseen(_WHY[code])
        raise


def _both(one: Seen[tuple[Grant, ...]], other: Seen[tuple[Grant, ...]]) -> Seen[tuple[Grant, ...]]:
    if isinstance(one, Unseen):
        return one
    return other if isinstance(other, Unseen) else (*one, *other)


def _granted(policy: Mapping[str, Any]) -> Iterator[Grant]:
    statements = policy["Statement"]
    for one in [statements] if isinstance(statements, dict) else statements:
        if one["Effect"] != "Allow":
            continue
        conditional = bool(one.get("Condition"))
        if "NotPrincipal" in one:  # everybody but some
            yield Grant("everybody", "", conditional)
            continue
        principal = one["Principal"]
        named = {"AWS": principal} if isinstance(principal, str) else principal
        for kind, names in named.items():
            for name in [names] if isinstance(names, str) else names:
                yield _grant(kind, name, conditional=conditional)


def _grant(kind: str, name: str, *, conditional: bool) -> Grant:
    if name == "*":
        return Grant("everybody", "", conditional)
    if kind == "Service":
        return Grant("service", name, conditional)
    account = name.split(":")[4] if name.startswith("arn:") else name
    if kind == "AWS" and account.isdecimal():
        return Grant("account", account, conditional)
    return Grant("somebody", kind, conditional)


def _listed(grantees: Iterable[Any], owner: str) -> Iterator[Grant]:
    for one in grantees:
        if one.get("URI", "").endswith(_EVERYBODY):
            yield Grant("everybody")
        elif "URI" in one:
            yield Grant("service", one["URI"].rpartition("/")[2])
        elif one.get("ID", "") != owner:
            yield Grant("somebody", "access control list")


def _rule(given: Mapping[str, Any]) -> LifecycleRule:
    chosen = given.get("Filter") or {}
    both = chosen.get("And") or chosen
    moves = [*given.get("Transitions", ()), *given.get("NoncurrentVersionTransitions", ())]
    return LifecycleRule(
        prefix=both.get("Prefix", given.get("Prefix", "")),
        narrowed=bool(both.keys() - {"Prefix"}),
        days=given.get("Expiration", {}).get("Days", 0),
        noncurrent_days=given.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0),
        upload_days=given.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 0),
        dated="Date" in given.get("Expiration", {}),
        classes=tuple(one["StorageClass"] for one in moves),
    )
