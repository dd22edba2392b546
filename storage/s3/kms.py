"""AWS KMS wraps secrets: under a key of its own each, which never leaves AWS.

So a destroyed version is gone from every older copy of the keyring too, once KMS has deleted its
key: it waits a week, in which nobody can use the key, and an administrator can still cancel.
"""

import base64
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import boto3
from botocore.config import Config

from schemas.errors import SettingsError
from schemas.regions import Region
from schemas.wrapping import Label, Wrapped
from storage.s3.errors import translated
from storage.s3.location import CONNECT_SECONDS, READ_SECONDS

WAITING_DAYS = 7
"""The shortest time that KMS allows between ScheduleKeyDeletion and the end."""


@dataclass(frozen=True, slots=True)
class Kms:
    """A `Wrapping` by AWS KMS; credentials come from AWS's own chain.

    Attributes:
        locations: Region -> the AWS region where its keys are.
        endpoint: URL of another server than AWS's; empty for AWS's own chain.
    """

    by: ClassVar[str] = "kms"
    locations: Mapping[Region, str]
    endpoint: str = ""

    def wrap(self, secret: bytes, label: Label) -> Wrapped:
        """Make a key in the region's location, and wrap under it; the label is authenticated."""
        location = self.locations.get(Region(label["region"]))
        if location is None:
            raise SettingsError(f"KMS: region {label['region']} is not among FORTNIGHT_REGIONS")
        said = f"fortnight {label['region']} {label['version']}"
        with translated(f"KMS in {location}"):
            client = self._client(location)
            key = client.create_key(Description=said)["KeyMetadata"]["KeyId"]
            sealed = client.encrypt(KeyId=key, Plaintext=secret, EncryptionContext=dict(label))
        text = base64.b64encode(sealed["CiphertextBlob"]).decode()
        return {"by": self.by, "location": location, "key": key, "sealed": text}

    def unwrap(self, wrapped: Wrapped, label: Label) -> bytes:
        """Have KMS open what `wrap` made."""
        with translated(f"KMS key {wrapped['key']} in {wrapped['location']}"):
            opened = self._client(wrapped["location"]).decrypt(
                KeyId=wrapped["key"],
                CiphertextBlob=base64.b64decode(wrapped["sealed"]),
                EncryptionContext=dict(label),
            )
        return bytes(opened["Plaintext"])

    def destroy(self, wrapped: Wrapped) -> str:
        """Have KMS delete the key; safe to repeat."""
        with translated(f"KMS key {wrapped['key']} in {wrapped['location']}"):
            client = self._client(wrapped["location"])
            with suppress(client.exceptions.KMSInvalidStateException):  # it is doing so already
                client.schedule_key_deletion(KeyId=wrapped["key"], PendingWindowInDays=WAITING_DAYS)
        return f"KMS refuses its key from now on, and deletes it in {WAITING_DAYS} days"

    def _client(self, location: str) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
        return boto3.client(
            "kms",
            region_name=location,
            endpoint_url=self.endpoint or None,
            config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS),
        )
