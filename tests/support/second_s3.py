"""A second S3 server, versitygw, where its program is there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from support.keys import KEYS

from jobs.certs import Identity
from jobs.demo.processes import Process, free_port, is_listening

VARIABLE = "FORTNIGHT_VERSITYGW"


@contextmanager
def versitygw(folder: Path, identity: Identity | None = None) -> Iterator[str]:
    """Its URL, as long as it runs; with an identity it speaks HTTPS."""
    program = os.environ.get(VARIABLE)  # noqa: TID251 - the edge, as a command line is
    if not program:
        pytest.skip(f"{VARIABLE} names no program of a second S3 server")
    port = free_port()
    for name in ("objects", "versions"):
        Path(folder, name).mkdir()
    keys = ["--access", KEYS.access_key, "--secret", KEYS.secret_key]
    where = ["--port", f"127.0.0.1:{port}", "--region", "eu-central-1", "--quiet"]
    tls = ["--cert", str(identity.certificate), "--key", str(identity.key)] if identity else []
    posix = ["posix", "--versioning-dir", f"{folder}/versions", f"{folder}/objects"]
    command = [program, *where, *tls, *keys, *posix]
    with Process("versitygw", command, log=Path(folder, "log")) as server:
        server.wait_until(lambda: is_listening(port), within=timedelta(seconds=20))
        yield f"http{'s' if identity else ''}://127.0.0.1:{port}"
