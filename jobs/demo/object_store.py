"""The embedded S3: moto's server, every AWS region at one address, objects in memory."""

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from jobs.certs import Identity
from jobs.demo.processes import Process, free_port, is_listening
from jobs.demo.server import Server

CREDENTIALS: Mapping[str, str] = MappingProxyType(
    {"AWS_ACCESS_KEY_ID": "fortnight", "AWS_SECRET_ACCESS_KEY": "fortnight-demo"}
)
"""Environment of clients: the server lets everybody in, but clients want to sign."""


class S3Server(Server):
    """An S3 server of our own on 127.0.0.1; what it holds ends with it.

    It honours conditional puts, bucket locations, versioning, lifecycle rules and access blocks.

    Attributes:
        url: For clients; the same after every `start` of this object.
    """

    name = "S3 server"

    def __init__(self, folder: Path, *, certificates: Path | None = None) -> None:
        """Prepare, but do not start.

        Args:
            folder: For its log.
            certificates: A folder that `jobs.certs` made: it then speaks HTTPS.
        """
        super().__init__()
        self._folder = folder
        self._identity = Identity.of(certificates, "s3") if certificates else None
        self._port = free_port()
        self.url = f"http{'s' if certificates else ''}://127.0.0.1:{self._port}"

    def start(self, *, within: timedelta = timedelta(seconds=60)) -> None:
        """Start it, empty: it answers when this returns.

        Raises:
            PartError: It did not get ready; it does not run.
        """
        command = [sys.executable, "-m", "jobs.demo.moto_s3", str(self._port)]
        if self._identity:
            command += [str(self._identity.certificate), str(self._identity.key)]
        self._process = Process(self.name, command, log=self._folder / "s3.log")
        self._process.wait_until(lambda: is_listening(self._port), within=within)
