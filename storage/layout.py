"""Where a data file lies: a path that says when everything in it must be gone.

    <table>/date=2026-11-21/expires=2026-12-05T14/<uuid>.parquet

`date` is the event date in UTC, `expires` the UTC hour by which every row must be gone. Expiring is
dropping by name, so a path that cannot be read is an error, never a file that stays.
"""

import re
from dataclasses import dataclass, replace
from datetime import date as Date  # noqa: N812 - the field is `date`
from datetime import datetime
from functools import lru_cache
from typing import Self
from uuid import UUID, uuid4

from schemas.retention import format_hour, parse_hour

LOG_FOLDER = "_delta_log"
PARTITION_COLUMNS = ("date", "expires")
"""Columns that a row has from its path only, never in its file."""

_PATH = re.compile(
    r"date=(?P<date>\d{4}-\d\d-\d\d)/expires=(?P<expires>\d{4}-\d\d-\d\dT\d\d)"
    r"/(?P<name>[0-9a-f]{32})\.parquet",
    re.ASCII,
)


_REWRITTEN = 8
"""The version of a UUID whose bits are ours to use (RFC 9562, section 5.8)."""


@dataclass(frozen=True, slots=True, order=True)
class DataPath:
    """A data file's place within its table; `parse` and `str` are inverse.

    Attributes:
        date: Event date of its rows, UTC.
        expires: Full hour, UTC, by which every row must be gone.
        name: Unique to each put, so that no put ever changes a file.
    """

    date: Date
    expires: datetime
    name: UUID

    def __str__(self) -> str:
        hour = format_hour(self.expires)
        return f"date={self.date.isoformat()}/expires={hour}/{self.name.hex}.parquet"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path below its table's folder back.

        Raises:
            ValueError: It is not a data file's path.
        """
        if (match := _PATH.fullmatch(path)) is None:
            raise ValueError(f"not the path of a data file: {path}")
        return cls(*_partition(match["date"], match["expires"]), UUID(hex=match["name"]))

    @property
    def rewrites(self) -> int:
        """How often its rows were compacted, as its name says; 0 for what the sink wrote."""
        return self.name.bytes[0] if self.name.version == _REWRITTEN else 0

    def compacted(self, rewrites: int) -> Self:
        """A new place beside it, for rows that were compacted so often.

        Args:
            rewrites: 1 to 255.
        """
        if not 0 < rewrites <= 0xFF:  # noqa: PLR2004 - an octet
            raise ValueError("rows are compacted 1 to 255 times")
        octets = bytearray(uuid4().bytes)
        octets[0] = rewrites
        octets[6] = _REWRITTEN << 4 | octets[6] & 0x0F
        return replace(self, name=UUID(bytes=bytes(octets)))

    def beside(self) -> Self:
        """A new place beside it, for rows that were compacted as often."""
        return self.compacted(self.rewrites) if self.rewrites else replace(self, name=uuid4())

    @property
    def partition(self) -> dict[str, str]:
        """The values of `PARTITION_COLUMNS`, as the log writes them."""
        return {"date": self.date.isoformat(), "expires": format_hour(self.expires)}


@lru_cache(maxsize=4096)  # of a hundred thousand files, a few hundred lie in different folders
def _partition(date: str, expires: str) -> tuple[Date, datetime]:
    return Date.fromisoformat(date), parse_hour(expires)


def object_key(table: str, path: DataPath) -> str:
    """The object key of a data file."""
    return f"{table}/{path}"


def parse_object_key(key: str) -> tuple[str, DataPath]:
    """The table's name and the path of an object key.

    Raises:
        ValueError: It is not a data file's.
    """
    table, _, path = key.partition("/")
    return table, DataPath.parse(path)
