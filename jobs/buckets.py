"""Buckets as they have to be: what each is for, where it is, and what S3 itself removes there."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.regions import Region
from storage.s3 import S3Bucket, S3Location
from storage.s3.bucket import BACKSTOP_DAYS


class Purpose(StrEnum):
    """What a bucket is for: who may read the one must not read the other."""

    ROWS = "rows"
    """What analysts see."""
    RESTRICTED = "restricted rows"
    """Put aside because their subject asked for it."""
    HELD = "held rows"
    """Kept for a case, although they were due."""


@dataclass(frozen=True, slots=True)
class WantedBucket:
    """A bucket as it has to be.

    Attributes:
        region: Whose rows it holds.
        where: Name, S3 location, and how it is reached.
        tables: Names of the tables that it holds.
        purpose: S3 itself removes old files by date only where it is for rows: what is put aside
            for somebody, or held, ends when they say so.
    """

    region: Region
    where: S3Location
    tables: tuple[str, ...]
    purpose: Purpose = Purpose.ROWS

    @property
    def backstop(self) -> int:
        """Days after which S3 removes a file; 0 for never."""
        return BACKSTOP_DAYS if self.purpose is Purpose.ROWS else 0

    def admin(self) -> S3Bucket:
        """The bucket, to be administered."""
        return S3Bucket(self.where, self.tables if self.backstop else ())

    def __str__(self) -> str:
        what = "" if self.purpose is Purpose.ROWS else f"{self.purpose}, "
        return f"bucket {self.where.bucket} ({what}{self.region}, {self.where.location})"
