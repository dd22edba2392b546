"""Where a bucket is, and with whose credentials it is asked."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config

from schemas.errors import SettingsError
from storage.tls import trust

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 2
READ_SECONDS = 15
"""No answer for so long is an outage: the sink backs off, and asks again by its own rules."""

_ATTEMPTS = 2
_POOL = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key that S3 knows.

    Attributes:
        access_key: Its public half.
        secret_key: Its secret half; never shown.
        session_token: Of a temporary key; never shown.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class S3Location:
    """A bucket, and how it is reached.

    Attributes:
        bucket: Its name.
        location: The S3 region that it must be in, such as `eu-central-1`.
        endpoint: URL of another server than AWS's; empty for AWS.
        credentials: None for AWS's own chain: environment, profile, role.
    """

    bucket: str
    location: str
    endpoint: str = ""
    credentials: Credentials | None = None

    def client(self) -> "S3Client":
        """A client with time limits and few retries; threads may share it."""
        keys = self.credentials
        return boto3.client(
            "s3",
            region_name=self.location,
            endpoint_url=self.endpoint or None,
            aws_access_key_id=keys.access_key if keys else None,
            aws_secret_access_key=keys.secret_key if keys else None,
            aws_session_token=keys.session_token if keys else None,
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                max_pool_connections=_POOL,
                s3={"addressing_style": "path" if self.endpoint else "auto"},
            ),
        )

    def lake_options(self) -> dict[str, str]:
        """The same in the words of delta-rs and whatever else is built on `object_store`.

        An authority of one's own, of AWS's chain (`AWS_CA_BUNDLE`), it then trusts too.

        Raises:
            SettingsError: AWS's chain finds no credentials.
        """
        session = botocore.session.get_session()
        keys = self.credentials or _chain(session)
        if authority := session.get_config_variable("ca_bundle"):
            trust(authority)
        options = {
            "AWS_REGION": self.location,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "aws_conditional_put": "etag",
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "timeout": f"{READ_SECONDS}s",
            "max_retries": "3",
            "retry_timeout": "20s",
        }
        if keys.session_token:
            options["AWS_SESSION_TOKEN"] = keys.session_token
        if self.endpoint:
            options["AWS_ENDPOINT_URL"] = self.endpoint
            options["AWS_ALLOW_HTTP"] = str(self.endpoint.startswith("http://")).lower()
        return options


def _chain(session: botocore.session.Session) -> Credentials:
    found = session.get_credentials()
    if found is None:
        raise SettingsError("no S3 credentials: neither settings nor AWS's chain name any")
    keys = found.get_frozen_credentials()  # temporary ones are fresh at each opening of the log
    if not keys.access_key or not keys.secret_key:
        raise SettingsError("AWS's credentials chain gives half a key")
    return Credentials(keys.access_key, keys.secret_key, keys.token)
