"""The embedded S3: moto's server, every AWS region at one address, objects in memory."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from jobs.certs import Identity
from jobs.demo.processes import PartError, Process, free_port, is_listening

CREDENTIALS: Mapping[str, str] = MappingProxyType(
    {"AWS_ACCESS_KEY_ID": "fortnight", "AWS_SECRET_ACCESS_KEY": "fortnight-demo"}
)
"""Environment of clients: the server lets everybody in, but clients want to sign."""


class S3Server:
    """An S3 server of our own on 127.0.0.1; what it holds ends with it.

    It honours conditional puts, bucket locations, versioning, lifecycle rules and access blocks.

    Attributes:
        url: For clients; the same after every `start` of this object.
    """

    def __init__(self, folder: Path, *, certificates: Path | None = None) -> None:
        """Prepare, but do not start.

        Args:
            folder: For its log.
            certificates: A folder that `jobs.certs` made: it then speaks HTTPS.
        """
        self._folder = folder
        self._identity = Identity.of(certificates, "s3") if certificates else None
        self._port = free_port()
        self._process: Process | None = None
        self.url = f"http{'s' if certificates else ''}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def process(self) -> Process:
        """The running program, to be watched, suspended or killed.

        Raises:
            PartError: It was not started.
        """
        if self._process is None:
            raise PartError("the S3 server was not started")
        return self._process

    def start(self, *, within: timedelta = timedelta(seconds=60)) -> None:
        """Start it, empty: it answers when this returns.

        Raises:
            PartError: It did not get ready; it does not run.
        """
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self._port)]
        if self._identity:
            command += ["-c", str(self._identity.certificate), "-k", str(self._identity.key)]
        self._process = Process("S3 server", command, log=self._folder / "s3.log")
        self._process.wait_until(lambda: is_listening(self._port), within=within)

    def stop(self) -> None:
        """End it, and all that it holds; without effect where it does not run."""
        if self._process is not None:
            self._process.stop()
