"""Every store that the suites of this folder run on."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from support.keys import KEYS

from jobs.demo.object_store import S3Server
from storage.directory import DirectoryStore
from storage.s3 import S3Bucket, S3Location, S3Store
from storage.store import ObjectStore

STORES = [
    pytest.param("directory", id="directory"),
    pytest.param("moto", id="moto"),
    pytest.param("versitygw", id="versitygw", marks=pytest.mark.versitygw),
]


@pytest.fixture
def bucket_at(s3: S3Server) -> Callable[..., S3Location]:
    """A new bucket's location on moto's server."""

    def location(where: str = "eu-central-1") -> S3Location:
        return S3Location(f"fortnight-{uuid4().hex[:12]}", where, s3.url, KEYS)

    return location


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    """An empty store of each kind."""
    with ExitStack() as opened:
        if request.param == "directory":
            folder = opened.enter_context(tempfile.TemporaryDirectory())
            yield DirectoryStore(Path(folder))
            return
        server = request.getfixturevalue("s3" if request.param == "moto" else "versitygw")
        url = server if isinstance(server, str) else server.url
        where = S3Location(f"fortnight-{uuid4().hex[:12]}", "eu-central-1", url, KEYS)
        S3Bucket(where, []).create()
        yield S3Store(where)
