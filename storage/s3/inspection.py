"""What S3 tells of a bucket's content beyond the bytes: for proofs, which write nothing."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from storage.s3.errors import translated
from storage.s3.location import S3Location


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object, or the marker that a delete left.

    Attributes:
        modified: UTC, by S3's clock.
        current: Whether readers see it.
        marker: It is a delete marker: no bytes of its own, and older versions below it.
        id: S3's name of the version; empty where it was not asked for.
    """

    key: str
    size: int
    modified: datetime
    current: bool
    marker: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that was begun and not finished: bytes that no listing shows."""

    key: str
    begun: datetime


_HEADERS: tuple[
    Literal[
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
        "WebsiteRedirectLocation",
    ],
    ...,
] = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
"""What whoever puts an object may write, and everybody who gets it is told."""


class Inspection:
    """A bucket, looked at; threads may share it.

    Raises (every method):
        FortnightError: No answer, or these credentials may not ask.
        KeyError: There is no such bucket or object.
    """

    def __init__(self, where: S3Location) -> None:
        """Look at a bucket; nothing is asked yet."""
        self._bucket = where.bucket
        self._client = where.client()

    def time(self) -> datetime:
        """The time by S3's own clock: the `Date` of its answer."""
        with self._asking():
            answer = self._client.head_bucket(Bucket=self._bucket)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

    def versions(self) -> Iterator[Version]:
        """Every version and delete marker of every object.

        In a bucket that never kept versions those are its objects, whose listing is cheaper.
        """
        with self._asking():
            status = self._client.get_bucket_versioning(Bucket=self._bucket).get("Status")
            yield from self._all_versions() if status else self._objects()

    def _objects(self) -> Iterator[Version]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket):
            for one in page.get("Contents", []):
                yield Version(one["Key"], one["Size"], one["LastModified"], current=True)

    def _all_versions(self) -> Iterator[Version]:
        pages = self._client.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._bucket):
            for one in page.get("Versions", []):
                modified, latest = one["LastModified"], one["IsLatest"]
                yield Version(one["Key"], one["Size"], modified, latest, id=one["VersionId"])
            for mark in page.get("DeleteMarkers", []):
                modified, latest = mark["LastModified"], mark["IsLatest"]
                yield Version(mark["Key"], 0, modified, latest, marker=True)

    def uploads(self) -> Iterator[Upload]:
        """Every unfinished multipart upload."""
        with self._asking():
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket):
                for one in page.get("Uploads", []):
                    yield Upload(one["Key"], one["Initiated"])

    def old_version(self, key: str, version: str) -> bytes:
        """The bytes of one version of an object."""
        with self._asking(key):
            answer = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)
            return answer["Body"].read()

    def words(self, key: str) -> Mapping[str, str]:
        """What is written beside an object's bytes: its metadata, its headers and its tags."""
        with self._asking(key):
            head = self._client.head_object(Bucket=self._bucket, Key=key)
            tags = self._client.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        told = {f"metadata {name}": value for name, value in head.get("Metadata", {}).items()}
        told |= {f"tag {tag['Key']}": tag["Value"] for tag in tags}
        for header in _HEADERS:
            told |= {header: str(head[header])} if header in head else {}
        return told

    def _asking(self, key: str = "") -> AbstractContextManager[None]:
        return translated(f"s3://{self._bucket}/{key}".rstrip("/"))
