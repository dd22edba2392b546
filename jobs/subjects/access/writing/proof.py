"""The proof of completeness: what was looked at, how, and what was found there; digests of all."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from jobs.subjects.access.search.gather import Kept, Looked
from jobs.subjects.access.search.in_kafka import Passed
from jobs.subjects.access.writing.archive import Part
from schemas.regions import Region

_WITHOUT = "its bounds, its Bloom filter or its column of devices say that none is there"
_WITH_ROWS = "its column of devices was read, then the rows"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked at, for everybody who asked at once.

    Attributes:
        made: When it began, UTC.
        versions: Of the region's key: under each of them rows were looked for.
        closed: The region whose dead letters could not be asked why records were rejected; empty
            where they were asked.
    """

    region: Region
    made: datetime
    versions: tuple[int, ...]
    looked: tuple[Looked, ...]
    passed: tuple[Passed, ...]
    closed: str = ""

    @property
    def files(self) -> int:
        """How many files were looked through."""
        return sum(len(one.files) for one in self.looked)

    @property
    def records(self) -> int:
        """How many records were looked at."""
        return sum(one.records for one in self.passed)

    def format(self, place: int, kept: Sequence[Kept], parts: Mapping[str, Part]) -> bytes:
        """The proof for one person, as JSON.

        Args:
            place: Of the person, among those who were looked for together.
            kept: The person's rows.
            parts: Everything else that is in the archive.
        """
        rows = {
            (one.shelf, one.table.name, file): sum(where.rows for where in places)
            for one in kept
            for file, places in one.places.items()
        }
        said = {
            "region": self.region,
            "made": self.made,
            "key_versions": self.versions,
            "tables": [_table(one, rows) for one in self.looked],
            "kafka": [_partition(one, place) for one in self.passed],
            "dead_letters": {
                "looked_at": not self.closed,
                **({"lie_in": self.closed} if self.closed else {}),
            },
            "archive": {name: asdict(part) for name, part in parts.items()},
        }
        return msgspec.json.format(msgspec.json.encode(said))


def _table(looked: Looked, rows: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    name = looked.table.name
    yours = {file: rows.get((looked.shelf, name, file), 0) for file in looked.files}
    return {
        "where": looked.shelf,
        "table": name,
        "log_version": looked.version,
        "files_looked_at": looked.found.looked_at,
        "search_requests": looked.found.requests,
        "search_bytes": looked.found.bytes_read,
        "files_without_a_table": [str(one.path) for one in looked.found.orphans],
        "methods": {"with_rows": _WITH_ROWS, "without": _WITHOUT},
        "with_rows": {file: n for file, n in yours.items() if n},
        "without": [file for file, n in yours.items() if not n],
    }


def _partition(passed: Passed, place: int) -> dict[str, Any]:
    return {
        "partition": str(passed.partition),
        "topic_id": passed.partition.topic_id,
        "first_offset": passed.first,
        "next_offset": passed.next_offset,
        "records": passed.records,
        "yours": passed.mine.get(place, 0),
    }
