"""Objects in an S3 bucket."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from storage.s3.errors import from_code, translated
from storage.s3.location import S3Location
from storage.store import ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_BATCH = 1000
"""S3 deletes up to so many objects a request (DeleteObjects)."""

_FEW = 10
"""Versions of so many objects are looked up one by one; of more in one folder, by listing it."""


class S3Store:
    """An `ObjectStore` in a bucket; one client, which threads share."""

    def __init__(self, location: S3Location) -> None:
        self.location = location
        self._bucket = location.bucket
        self._client = location.client()

    @property
    def url(self) -> str:
        """`s3://` and the bucket."""
        return f"s3://{self._bucket}"

    def lake_options(self) -> dict[str, str]:
        """The bucket's, with credentials that are fresh now."""
        return self.location.lake_options()

    def put(self, key: str, data: bytes, *, only_if_absent: bool = False) -> str:
        """Put in one request; the client sends a checksum that S3 compares."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if only_if_absent else {}
        with self._asking(key):
            answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=data, **condition)
        return answer["ETag"].strip('"')

    def get(self, key: str) -> bytes:
        """Read a whole object."""
        with self._asking(key):
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Read `length` bytes from `start`."""
        if length <= 0 or start < 0:
            raise ValueError(f"{key}: no bytes {start} + {length}")
        wanted = f"bytes={start}-{start + length - 1}"
        with self._asking(key):
            return self._client.get_object(Bucket=self._bucket, Key=key, Range=wanted)[
                "Body"
            ].read()

    def head(self, key: str) -> ObjectInfo | None:
        """What a listing would say of the object."""
        try:
            with self._asking(key):
                answer = self._client.head_object(Bucket=self._bucket, Key=key)
        except KeyError:
            return None
        version = answer.get("VersionId")
        return ObjectInfo(key, answer["ContentLength"], answer["LastModified"], version)

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every object whose key begins with `prefix`, by key."""
        with self._asking(prefix):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield ObjectInfo(found["Key"], found["Size"], found["LastModified"])

    def list_versions(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """Every version and delete marker; in a bucket without versions, the objects."""
        with self._asking(prefix):
            pages = self._client.get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    size: Any = found.get("Size", 0)
                    version = found["VersionId"]
                    yield ObjectInfo(found["Key"], size, found["LastModified"], version)

    def delete(self, keys: Iterable[str], *, every_version: bool = False) -> None:
        """Remove objects, up to 1000 a request."""
        found = self._versions_of(keys) if every_version else map(_identified, keys)
        while batch := list(islice(found, _BATCH)):
            self._delete(batch)

    def abort_uploads(self, before: datetime) -> int:
        """Abort multipart uploads that began before an instant."""
        aborted = 0
        with self._asking(""):
            pages = self._client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=self._bucket):
                for upload in page.get("Uploads", []):
                    if upload["Initiated"] < before:
                        self._abort(upload["Key"], upload["UploadId"])
                        aborted += 1
        return aborted

    def _abort(self, key: str, upload: str) -> None:
        self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)

    def _delete(self, batch: "Sequence[ObjectIdentifierTypeDef]") -> None:
        with self._asking(batch[0]["Key"]):
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
            )
        for failed in answer.get("Errors", []):
            raise from_code(failed.get("Code", ""), 0, f"{self.url}/{failed.get('Key', '')}")

    def _versions_of(self, keys: Iterable[str]) -> "Iterator[ObjectIdentifierTypeDef]":
        folders: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            folders[key.rpartition("/")[0]].add(key)
        for folder, wanted in folders.items():
            prefixes = wanted if len(wanted) <= _FEW else [f"{folder}/" if folder else ""]
            for prefix in prefixes:
                for info in self.list_versions(prefix):
                    if info.key in wanted:
                        yield {"Key": info.key, "VersionId": info.version or "null"}

    def _asking(self, key: str) -> AbstractContextManager[None]:
        return translated(f"{self.url}/{key}")


def _identified(key: str) -> "ObjectIdentifierTypeDef":
    return {"Key": key}
