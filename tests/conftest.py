"""What every test may ask for: the cache of downloads, real Kafka, real S3 servers."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import second_s3

from jobs.demo.broker import Broker
from jobs.demo.jars import default_cache
from jobs.demo.object_store import CREDENTIALS, S3Server

settings.register_profile(
    "fortnight",
    deadline=None,  # a busy machine is no failure
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("fortnight")

# A shell lets what it starts in the background ignore Ctrl-C, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["support.no_skips", "pytester"]


@pytest.fixture(scope="session")
def cache() -> Path:
    """Where downloads are kept between runs."""
    return default_cache(os.environ)  # noqa: TID251 - the edge, as a command line is


@pytest.fixture(scope="session")
def broker(cache: Path) -> Iterator[Broker]:
    """A Kafka that the whole run shares: use topics and groups of your own."""
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder), cache=cache) as running:
        yield running


@pytest.fixture
def own_broker(cache: Path, tmp_path: Path) -> Iterator[Broker]:
    """A Kafka of one test, which may kill it, or use the product's own topics."""
    with Broker(tmp_path / "kafka", cache=cache) as running:
        yield running


@pytest.fixture(scope="session")
def s3(credentials: None) -> Iterator[S3Server]:  # noqa: ARG001 - clients need them
    """An S3 server that the whole run shares: use buckets of your own."""
    with tempfile.TemporaryDirectory() as folder, S3Server(Path(folder)) as running:
        yield running


@pytest.fixture
def own_s3(credentials: None, tmp_path: Path) -> Iterator[S3Server]:  # noqa: ARG001 - clients need them
    """An S3 server of one test, which may freeze it, or use the product's own buckets."""
    with S3Server(tmp_path / "s3") as running:
        yield running


@pytest.fixture(scope="session")
def versitygw() -> Iterator[str]:
    """URL of a second S3 server, where its program is there."""
    with tempfile.TemporaryDirectory() as folder, second_s3.versitygw(Path(folder)) as url:
        yield url


@pytest.fixture(scope="session")
def credentials() -> Iterator[None]:
    """The environment that S3's clients read, set for the whole run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
