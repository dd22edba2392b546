"""What a bucket is set to do, as an auditor finds it: evidence, which nobody writes.

Whatever could not be seen is `Unseen`, with the reason: it is never taken for "there is none".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Value = TypeVar("Value")

DENIED = "access denied"
NO_SUCH_THING = "the server has no such thing"
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Unseen:
    """Something that could not be looked at.

    Attributes:
        why: A fixed phrase.
    """

    why: str

    def __str__(self) -> str:
        return self.why


Seen: TypeAlias = Value | Unseen
"""What was found, or why nobody could look."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a bucket's policy or access control list lets in.

    Attributes:
        whom: `everybody`, `account`, `service`, or `somebody` whose account nobody can tell.
        name: The account's number, the service, or what the list calls them; empty: everybody.
        conditional: Only under a condition, which a person has to read.
    """

    whom: Literal["everybody", "account", "service", "somebody"]
    name: str = ""
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where something of a bucket goes by itself.

    Attributes:
        how: What sends it.
        name: Of the bucket, or the ARN of a queue, topic or function.
        location: The AWS region that it is in.
        account: Whose it is; empty where the configuration names none.
    """

    how: Literal["replication", "inventory", "access log", "notification"]
    name: str
    location: Seen[str]
    account: str = ""


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule by which S3 itself does something with old objects; only enabled ones are told.

    Attributes:
        prefix: Of object keys; empty: all.
        narrowed: Whether tags or sizes leave some of them out.
        days: After which it removes an object; 0: it does not.
        noncurrent_days: After which it removes an old version; 0: it does not.
        upload_days: After which it aborts an upload that nobody finished; 0: it does not.
        dated: It removes everything at a date, whatever its age.
        classes: Storage classes that it moves objects to.
    """

    prefix: str = ""
    narrowed: bool = False
    days: int = 0
    noncurrent_days: int = 0
    upload_days: int = 0
    dated: bool = False
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketEvidence:
    """A bucket's configuration, as it was found.

    Attributes:
        location: The S3 region that it is in.
        encryption: How objects are encrypted by default (`AES256`, `aws:kms`); empty: not.
        open_ways: Ways of public access that are not blocked, by AWS's names.
        grants: Who beside the owner is let in.
        versioning: `Enabled`, `Suspended`, or empty: it never was.
        lifecycle: Rules of S3 itself.
        targets: Where something goes by itself, by what sends it.
        objects: Object key -> how that object is encrypted; empty: not. Of a sample.
    """

    name: str
    location: Seen[str]
    encryption: Seen[str]
    open_ways: Seen[tuple[str, ...]]
    grants: Seen[tuple[Grant, ...]]
    versioning: Seen[str]
    lifecycle: Seen[tuple[LifecycleRule, ...]]
    targets: Mapping[str, Seen[tuple[Target, ...]]]
    objects: Mapping[str, Seen[str]]
