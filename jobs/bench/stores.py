"""The S3 servers that a benchmark can run on: versitygw where one is named, else moto's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from jobs.demo.object_store import CREDENTIALS, S3Server
from jobs.demo.processes import Process, free_port, is_listening

VERSITYGW = "FORTNIGHT_VERSITYGW"
"""Names the program; without it the benchmark runs on moto's server, which is slower."""

LOCATION = "eu-central-1"
"""Of every bucket: versitygw has one location a process."""


@dataclass(frozen=True, slots=True)
class Store:
    """A running S3 server."""

    name: str
    url: str


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Store]:
    """Start the S3 server that the environment asks for, and stop it in the end.

    Raises:
        PartError: It did not get ready.
    """
    if program := environment.get(VERSITYGW):
        with _versitygw(program, folder, environment) as store:
            yield store
    else:
        with S3Server(folder) as server:
            yield Store("moto", server.url)


@contextmanager
def _versitygw(program: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Store]:
    port = free_port()
    objects = folder / "objects"
    objects.mkdir(parents=True)
    where = ["--quiet", "--port", f"127.0.0.1:{port}", "--region", LOCATION]
    secrets = {
        "ROOT_ACCESS_KEY": CREDENTIALS["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_KEY": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    }
    with Process(
        "versitygw",
        [program, *where, "posix", str(objects)],
        log=folder / "versitygw.log",
        env={**environment, **secrets},
    ) as process:
        process.wait_until(lambda: is_listening(port), within=timedelta(seconds=20))
        yield Store("versitygw", f"http://127.0.0.1:{port}")
