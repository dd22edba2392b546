"""What a peer is told, and how it says how far it is: lines on its standard output."""

import sys
from typing import Self

import boto3
import msgspec
from botocore.config import Config

BEGAN = "began"
DURABLE = "durable"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Where a peer reads and writes.

    Attributes:
        rows: Rows of a file.
        zstd_level: Of its pages.
    """

    bootstrap_servers: str
    topic: str
    group: str
    endpoint: str
    location: str
    bucket: str
    rows: int
    zstd_level: int

    @classmethod
    def from_arguments(cls) -> Self:
        """The task that this program was started with, JSON as its only argument."""
        return msgspec.json.decode(sys.argv[1], type=cls)


class Bucket:
    """Where a peer puts its files; credentials are boto3's own business."""

    def __init__(self, task: Task) -> None:
        """Reach the task's bucket."""
        self._bucket = task.bucket
        self._client = boto3.client(
            "s3",
            endpoint_url=task.endpoint or None,
            region_name=task.location,
            config=Config(s3={"addressing_style": "path"}),
        )

    def put(self, key: str, data: bytes) -> None:
        """Put a file."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data)


class Progress:
    """What the measurement reads: when it began, and how many records are durable."""

    def __init__(self) -> None:
        """Nothing so far."""
        self._durable = 0
        self.has_begun = False

    def began(self) -> None:
        """Say that the first records came; only the first time."""
        if not self.has_begun:
            self.has_begun = True
            self._say(BEGAN)

    def add(self, records: int) -> None:
        """Say that so many more records are durable."""
        self._durable += records
        self._say(f"{DURABLE} {self._durable}")

    @staticmethod
    def _say(line: str) -> None:
        out = sys.__stdout__  # Faust redirects sys.stdout to its log
        if out is not None:
            out.write(line + "\n")
            out.flush()
