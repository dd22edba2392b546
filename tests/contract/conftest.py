"""Every store that the suites of this folder run on."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from jobs.demo.object_store import S3Server
from jobs.demo.processes import Process, free_port, is_listening
from storage.directory import DirectoryStore
from storage.s3 import Credentials, S3Bucket, S3Location, S3Store
from storage.store import ObjectStore

VERSITYGW = "FORTNIGHT_VERSITYGW"
KEYS = Credentials("fortnight", "fortnight-test")

STORES = [
    pytest.param("directory", id="directory"),
    pytest.param("moto", id="moto"),
    pytest.param("versitygw", id="versitygw", marks=pytest.mark.versitygw),
]


@pytest.fixture(scope="session")
def versitygw() -> Iterator[str]:
    """URL of a second S3 server, where its program is there."""
    program = os.environ.get(VERSITYGW)  # noqa: TID251 - the edge, as a command line is
    if not program:
        pytest.skip(f"{VERSITYGW} names no program of a second S3 server")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("objects", "versions"):
            Path(folder, name).mkdir()
        keys = ["--access", KEYS.access_key, "--secret", KEYS.secret_key]
        where = ["--port", f"127.0.0.1:{port}", "--region", "eu-central-1", "--quiet"]
        posix = ["posix", "--versioning-dir", f"{folder}/versions", f"{folder}/objects"]
        command = [program, *where, *keys, *posix]
        with Process("versitygw", command, log=Path(folder, "log")) as server:
            server.wait_until(lambda: is_listening(port), within=timedelta(seconds=20))
            yield f"http://127.0.0.1:{port}"


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
