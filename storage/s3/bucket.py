"""A bucket as a whole: made where it must be, encrypted, closed to the public, emptied by date."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from schemas.errors import PolicyError
from storage.s3.errors import translated
from storage.s3.location import S3Location

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import LifecycleRuleTypeDef, PublicAccessBlockConfigurationTypeDef

BACKSTOP_DAYS = 15
"""S3 itself removes what our own expiry, at 14 days, has missed."""

Value = TypeVar("Value")

_FIRST_LOCATION = "us-east-1"
"""GetBucketLocation names none for it, and CreateBucket must not name it (S3 API)."""

_UNSET = {
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
}
_UNSUPPORTED = {"NotImplemented", "MethodNotAllowed", "501", "405"}
_CLOSED: "PublicAccessBlockConfigurationTypeDef" = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketState:
    """What a bucket is found to be; None where the server cannot say.

    Attributes:
        location: The S3 region that it is in.
        encrypted: Whether objects are encrypted at rest by default.
        closed: Whether public access is blocked in all four ways.
        versioned: Whether old versions are kept.
        backstop_days: After how many days S3 removes objects itself; 0 for never.
    """

    location: str
    encrypted: bool | None
    closed: bool | None
    versioned: bool | None
    backstop_days: int | None


class S3Bucket:
    """Administration of one bucket; idempotent throughout."""

    def __init__(self, location: S3Location, tables: Sequence[str]) -> None:
        """Administer a bucket that holds these tables."""
        self._where = location
        # Data files expire by S3's own rule too; a log never does, for it holds the positions.
        self._prefixes = [f"{table}/date=" for table in tables]
        self._bucket = location.bucket
        self._client = location.client()

    def __str__(self) -> str:
        return f"s3://{self._bucket}"

    def exists(self) -> bool:
        """Whether the bucket is there, and these credentials may use it."""
        try:
            with translated(str(self)):
                self._client.head_bucket(Bucket=self._bucket)
        except KeyError:
            return False
        return True

    def location(self) -> str:
        """The S3 region that the bucket is in."""
        with translated(str(self)):
            found = self._client.get_bucket_location(Bucket=self._bucket)["LocationConstraint"]
        return str(found or _FIRST_LOCATION)

    def check_location(self) -> None:
        """Test that the bucket is where it must be.

        Raises:
            PolicyError: It is elsewhere: nothing may be written to it.
        """
        if (found := self.location()) != self._where.location:
            promised = self._where.location
            raise PolicyError(f"bucket {self._bucket} is in {found}, and must be in {promised}")

    def create(self, *, versioned: bool = False) -> list[str]:
        """Make the bucket in its location, and set what it must be.

        Args:
            versioned: Keep old versions; expiry and erasure then delete every one.

        Returns:
            What the server cannot do, of `encryption`, `public access block`, `versioning` and
            `lifecycle`.

        Raises:
            PolicyError: It is there already, elsewhere.
        """
        if not self.exists():
            self._make()
        self.check_location()
        wanted: dict[str, Callable[[], Any]] = {
            "encryption": self._encrypt,
            "public access block": self._close,
            "lifecycle": self._set_lifecycle,
        }
        if versioned:
            wanted["versioning"] = self._keep_versions
        return [name for name, do in wanted.items() if not self._supported(do)]

    def state(self) -> BucketState:
        """What the bucket is found to be."""
        return BucketState(
            location=self.location(),
            encrypted=self._ask(self._encrypted, unset=False),
            closed=self._ask(self._closed, unset=False),
            versioned=self._ask(self._versioned, unset=False),
            backstop_days=self._ask(self._backstop_days, unset=0),
        )

    def _make(self) -> None:
        where: dict[str, Any] = {}
        if self._where.location != _FIRST_LOCATION:
            where = {"CreateBucketConfiguration": {"LocationConstraint": self._where.location}}
        with translated(str(self)):
            try:
                self._client.create_bucket(Bucket=self._bucket, **where)
            except self._client.exceptions.BucketAlreadyOwnedByYou:
                return  # made by somebody else of ours at once

    def _encrypt(self) -> None:
        self._client.put_bucket_encryption(
            Bucket=self._bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )

    def _close(self) -> None:
        self._client.put_public_access_block(
            Bucket=self._bucket,
            PublicAccessBlockConfiguration=_CLOSED,
        )

    def _keep_versions(self) -> None:
        self._client.put_bucket_versioning(
            Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"}
        )

    def _set_lifecycle(self) -> None:
        self._client.put_bucket_lifecycle_configuration(
            Bucket=self._bucket,
            LifecycleConfiguration={"Rules": [_TIDY, *map(_backstop, self._prefixes)]},
        )

    def _encrypted(self) -> bool:
        answer = self._client.get_bucket_encryption(Bucket=self._bucket)
        return bool(answer["ServerSideEncryptionConfiguration"]["Rules"])

    def _closed(self) -> bool:
        answer = self._client.get_public_access_block(Bucket=self._bucket)
        return answer["PublicAccessBlockConfiguration"] == _CLOSED

    def _versioned(self) -> bool:
        answer = self._client.get_bucket_versioning(Bucket=self._bucket)
        return answer.get("Status") == "Enabled"

    def _backstop_days(self) -> int:
        answer = self._client.get_bucket_lifecycle_configuration(Bucket=self._bucket)
        days = {
            rule.get("Filter", {}).get("Prefix", ""): rule.get("Expiration", {}).get("Days", 0)
            for rule in answer["Rules"]
            if rule["Status"] == "Enabled"
        }
        found = [days.get(prefix, 0) for prefix in self._prefixes]
        return max(found, default=0) if all(found) else 0

    def _supported(self, do: Callable[[], Any]) -> bool:
        with translated(str(self)):
            try:
                do()
            except ClientError as error:
                if _code(error) not in _UNSUPPORTED:
                    raise
                return False
        return True

    def _ask(self, do: Callable[[], Value], *, unset: Value) -> Value | None:
        with translated(str(self)):
            try:
                return do()
            except ClientError as error:
                if _code(error) in _UNSET:
                    return unset
                if _code(error) in _UNSUPPORTED:
                    return None
                raise


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


_TIDY: "LifecycleRuleTypeDef" = {
    "ID": "fortnight-tidy",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}


def _backstop(prefix: str) -> "LifecycleRuleTypeDef":
    return {
        "ID": f"fortnight-{prefix}",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "Expiration": {"Days": BACKSTOP_DAYS},
    }
