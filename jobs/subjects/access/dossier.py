"""Everything of one person in one region, and how it is written into an archive."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pyarrow as pa

from jobs.subjects.access.search import in_kafka
from jobs.subjects.access.search.gather import Kept
from jobs.subjects.access.search.people import Person, Robot
from jobs.subjects.access.search.spill import Place, Spill
from jobs.subjects.access.writing import page, parts
from jobs.subjects.access.writing.archive import Archive
from jobs.subjects.access.writing.page import Contents, Fate, KeptTable
from jobs.subjects.access.writing.proof import Proof
from schemas.policies import Policies
from schemas.tables import MAP_TILES, STREAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What was found of a person, and what was looked at for it.

    Attributes:
        place: Of the person among those who were looked for together.
        names: Pseudonym -> which of the person's robots it stands for.
        kept: Their rows.
        records: Theirs, that Kafka still has.
    """

    person: Person
    place: int
    names: Mapping[str, Robot] = field(repr=False)
    kept: tuple[Kept, ...]
    records: Sequence[Place]
    proof: Proof

    @property
    def rows(self) -> int:
        """How many rows were found."""
        return sum(one.rows for one in self.kept)

    def write(self, archive: Archive, spill: Spill, policies: Policies) -> None:
        """Write everything down; the proof of completeness last, with digests of all the rest."""
        registrations = [one.registration for one in self.person.robots]
        archive.put("registration.json", msgspec.json.format(msgspec.json.encode(registrations)))
        stored = Counter[str]()
        tables = [self._put(one, archive, spill, stored) for one in self.kept]
        vendors = sorted({one.vendor for one in registrations if one})
        contents = Contents(
            request=self.person.request,
            robots=self.person.robots,
            names=self.names,
            tables=tables,
            fates=self._put_records(archive, spill, stored),
            policies=[one for one in map(policies.of, vendors) if one],
            proof=self.proof,
        )
        archive.put("index.html", page.html(contents).encode())
        archive.put("README.txt", page.readme(contents).encode())
        archive.put("completeness.json", self.proof.format(self.place, self.kept, archive.parts))

    def _put(self, kept: Kept, archive: Archive, spill: Spill, stored: Counter[str]) -> KeptTable:
        """Write one table's rows, and count those whose records Kafka still has."""
        name, table = f"{kept.shelf}/{kept.table.name}", kept.table
        parts.put_parquet(archive, name, kept.read(spill), kept.schema)
        rows = self._counted(kept.read(spill), table.topic, stored)
        span = parts.put_csv(archive, name, rows, kept.schema, "event_time")
        pictures: Sequence[parts.Picture] = ()
        if table is MAP_TILES:
            pictures = parts.put_maps(archive, f"{kept.shelf}/maps", kept.read(spill), kept.robots)
        return KeptTable(name, kept.shelf, table.name, span, pictures)

    def _counted(
        self, rows: Iterator[pa.Table], topic: str, stored: Counter[str]
    ) -> Iterator[pa.Table]:
        for some in rows:
            stored[topic] += sum(passed.has(some) for passed in self.proof.passed)
            yield some

    def _put_records(self, archive: Archive, spill: Spill, stored: Counter[str]) -> list[Fate]:
        """Write the records that Kafka still has, and which of them were rejected."""
        rejected = (in_kafka.rejected(spill.get(place)) for place in self.records)
        parts.put_csv(archive, "not-understood", rejected, in_kafka.REJECTED, "arrived")
        return [self._put_topic(table.topic, archive, spill, stored) for table in STREAMED.values()]

    def _put_topic(self, topic: str, archive: Archive, spill: Spill, stored: Counter[str]) -> Fate:
        counts = Counter[str]()

        def mine() -> Iterator[pa.Table]:
            for place in self.records:
                some = in_kafka.of_topic(spill.get(place), topic)
                counts["records"] += some.num_rows
                counts["rejected"] += some.num_rows - some["rejected"].null_count
                yield some

        parts.put_lines(archive, f"in-kafka/{topic}", mine())
        return Fate(topic, counts["records"], stored[topic], counts["rejected"])
