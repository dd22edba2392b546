"""Who AWS says that we are."""

import boto3
from botocore.config import Config

from storage.s3.errors import translated
from storage.s3.location import CONNECT_SECONDS, READ_SECONDS

_LOCATION = "us-east-1"
"""Of AWS's global answer; another one's is in AWS_ENDPOINT_URL_STS."""


def caller_arn(endpoint: str = "") -> str | None:
    """The ARN behind the credentials of AWS's chain; None where it finds no credentials.

    Args:
        endpoint: URL of another server than AWS's; empty for AWS's own chain.

    Raises:
        SettingsError: AWS does not know the credentials.
        RetryableError: AWS does not answer.
    """
    with translated("STS"):
        session = boto3.session.Session()
        if session.get_credentials() is None:
            return None
        client = session.client(
            "sts",
            region_name=session.region_name or _LOCATION,
            endpoint_url=endpoint or None,
            config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS),
        )
        return str(client.get_caller_identity()["Arn"])
