"""What was tried in S3 as roles, and what S3 answered: values."""

from dataclasses import dataclass, field

from storage.s3.evidence import Seen


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something that anybody may try in S3 without changing anything.

    Attributes:
        action: IAM's word, without `s3:`.
        region, purpose: Of the bucket.
        area: What the object is of; empty: the bucket itself.
        key: Of the object.
        version: The object's, where it is read by that.
    """

    action: str
    bucket: str
    region: str
    purpose: str
    area: str = ""
    key: str = ""
    version: Seen[str] = ""

    @property
    def place(self) -> str:
        """As findings name it."""
        return f"{self.bucket}/{self.area}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Tried:
    """What S3 answered to a role.

    Attributes:
        region: Whose role of that name.
        may: Whether S3 lets it.
        declared: Whether it is meant to be let.
    """

    role: str
    region: str
    attempt: Attempt
    may: Seen[bool]
    declared: bool


@dataclass(frozen=True, slots=True)
class InS3:
    """What was tried in S3 as roles.

    Attributes:
        untried: Profiles that would be asked, and are not there.
        unusable: Profile -> why nothing could be asked with it.
    """

    tried: list[Tried] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
