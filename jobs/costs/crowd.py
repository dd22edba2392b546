"""An S3 with very many objects, of which many share their bytes: made at once, put by nobody.

Moto keeps objects in memory, in the server's own process. There each body is put once, and other
names are given to copies that share it, so that 100,000 files are there in seconds. Requests are
answered by moto as ever.
"""

import copy
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from jobs.demo import moto_s3
from jobs.demo.object_store import S3Server
from jobs.demo.processes import Process, is_listening


class Crowd(msgspec.Struct, frozen=True):
    """Objects with the same bytes.

    Attributes:
        location: Of the bucket, which is made if it is not there.
        keys: Under which the bytes lie.
    """

    bucket: str
    location: str
    data: bytes
    keys: Sequence[str]


class CrowdedServer(S3Server):
    """A server that begins with what is given to it."""

    def __init__(self, folder: Path, crowds: Iterable[Crowd]) -> None:
        """Prepare, but do not start.

        Args:
            folder: For its log, and for what it begins with.
            crowds: All of it.
        """
        super().__init__(folder)
        self._content = folder / "crowds"
        self._content.write_bytes(msgspec.msgpack.encode(list(crowds)))

    def start(self, *, within: timedelta = timedelta(seconds=120)) -> None:
        """Start it, filled: it answers when this returns.

        Raises:
            PartError: It did not get ready; it does not run.
        """
        command = [sys.executable, "-m", "jobs.costs.crowd", str(self._port), str(self._content)]
        self._process = Process(self.name, command, log=self._folder / "s3.log")
        self._process.wait_until(lambda: is_listening(self._port), within=within)


def _fill(crowds: Iterable[Crowd]) -> None:
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for crowd in crowds:
        if crowd.bucket not in backend.buckets:
            backend.create_bucket(crowd.bucket, crowd.location)
        objects = backend.buckets[crowd.bucket].keys
        first = backend.put_object(crowd.bucket, crowd.keys[0], crowd.data)
        for key in crowd.keys[1:]:
            objects[key] = copy.copy(first)
            objects[key].name = key


if __name__ == "__main__":
    _fill(msgspec.msgpack.decode(Path(sys.argv[2]).read_bytes(), type=list[Crowd]))
    moto_s3.main(int(sys.argv[1]))
