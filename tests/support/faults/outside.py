"""How a system is reached past the product's code: by librdkafka, Arrow and polars."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pyarrow.fs
from support.evidence import proof
from support.evidence.reader import Follower
from support.system import System

from jobs.certs import AUTHORITY
from jobs.demo.object_store import CREDENTIALS
from schemas.settings import RegionSettings, Settings
from schemas.tables import DEAD_LETTERS, STREAMED

_PATIENCE = 60
"""Seconds: a busy machine is no failure."""


def delta_options(system: System) -> dict[str, str]:
    """What polars is told of the S3 server."""
    return {
        **{name.lower(): value for name, value in CREDENTIALS.items()},
        "aws_endpoint_url": system.settings.s3_endpoint,
        "aws_region": "us-east-1",
        "aws_allow_http": "false" if system.certificates else "true",
    }


def kafka_options(settings: Settings) -> dict[str, str]:
    """What librdkafka is told of certificates."""
    if settings.kafka_security == "plaintext":
        return {}
    return {
        "security.protocol": "ssl",
        "ssl.ca.location": settings.kafka_ca,
        "ssl.certificate.location": settings.kafka_certificate,
        "ssl.key.location": settings.kafka_key,
    }


def files_in(place: RegionSettings, system: System) -> pyarrow.fs.FileSystem:
    """A bucket's objects, through none of the product's code."""
    url = urlsplit(system.settings.s3_endpoint)
    authority = system.certificates / AUTHORITY if system.certificates else None
    return pyarrow.fs.S3FileSystem(
        access_key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=url.netloc,
        scheme=url.scheme,
        region=place.location,
        connect_timeout=_PATIENCE,
        request_timeout=_PATIENCE,
        tls_ca_file_path=str(authority) if authority else None,
    )


def followers_of(system: System) -> dict[tuple[str, str], Follower]:
    """Independent readers of a system's tables, as `proof.compare` wants them."""
    followers = {}
    for place in system.settings.regions:
        files = files_in(place, system)
        tables: Mapping[str, str] = {topic: table.name for topic, table in STREAMED.items()}
        if place.region == system.settings.home_region:
            tables = {**tables, proof.DEAD_LETTERS: DEAD_LETTERS.name}
        for topic, name in tables.items():
            root = f"{place.bucket}/{name}"
            followers[topic, str(place.region)] = Follower(f"{name}@{place.region}", files, root)
    return followers
