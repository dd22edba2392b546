"""Where everything of a subject may lie in a region, and one search of it for all who ask."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.kafka import Cluster
from jobs.subjects.access.dossier import Dossier
from jobs.subjects.access.search import in_kafka
from jobs.subjects.access.search.claims import Claims
from jobs.subjects.access.search.gather import Kept, Looked, Shelf, gather
from jobs.subjects.access.search.held import gather_held
from jobs.subjects.access.search.people import Owners, Person
from jobs.subjects.access.search.spill import Spill
from jobs.subjects.access.writing.proof import Proof
from jobs.subjects.subject import names
from schemas.errors import AccessDeniedError, ConflictError
from schemas.hold_record import HoldRecord
from schemas.keyring import Keyring
from schemas.regions import Region
from storage.lake import Destination
from storage.store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """A region's places.

    Attributes:
        tables: What analysts see.
        restricted: Put aside because a subject asked for it; none where nobody can be.
        holds: The hold bucket; None where nothing can be held.
        unwrap: Opens a hold's own key.
        dead_letters: In the home region, which may be another: then rights may end before it.
        keyring: The region's secrets opened.
        late_window: How much older than its arrival a record may be.
    """

    region: Region
    tables: Sequence[Destination]
    restricted: Sequence[Destination]
    holds: ObjectStore | None
    unwrap: Callable[[HoldRecord], bytes] = field(repr=False)
    dead_letters: Destination
    cluster: Cluster
    keyring: Keyring = field(repr=False)
    late_window: timedelta

    def search(self, people: Sequence[Person], spill: Spill, now: datetime) -> list[Dossier]:
        """Look for everything of some people in one pass; a dossier each, in their order.

        Kafka is read first: what a worker stores meanwhile is found in a table.

        Raises:
            RetryableError: A store or Kafka does not answer, or a table changes all the time.
            IntegrityError: A file is damaged: nobody knows what is in it.
        """
        owners = Owners.of(people, lambda device: names([device], self.keyring, self.region))
        claims = Claims(people, self.late_window)
        letters = self._letters()
        records = in_kafka.look(self.cluster, claims, letters, spill)
        looked: list[Looked] = []
        kept: dict[int, list[Kept]] = defaultdict(list)
        for one, found in self._gather(owners, spill):
            looked.append(one)
            for place, rows in found.items():
                kept[place].append(rows)
        versions = tuple(key.version for key in self.keyring.live(self.region))
        closed = "" if letters else self.dead_letters.region
        proof = Proof(self.region, now, versions, tuple(looked), records.passed, closed)
        return [
            Dossier(
                person=person,
                place=place,
                names=owners.robots(place),
                kept=tuple(kept[place]),
                records=records.kept.get(place, ()),
                proof=proof,
            )
            for place, person in enumerate(people)
        ]

    def _letters(self) -> Destination | None:
        """The dead letters; None where they are another region's, and closed to us.

        Raises:
            RetryableError: The home region does not answer.
            SettingsError: It cannot be asked, for another reason than that it is closed to us.
        """
        place = self.dead_letters
        if place.region != self.region:
            try:
                next(iter(place.store.list(f"{place.table.name}/")), None)
            except AccessDeniedError:
                return None
        return place

    def _gather(self, owners: Owners, spill: Spill) -> Iterator[tuple[Looked, Mapping[int, Kept]]]:
        """Look everywhere.

        Raises:
            ConflictError: Rows may have moved behind its back: call again.
        """
        made = [one for one in self.restricted if any(one.store.list(f"{one.table.name}/"))]
        before = [one.version() for one in made]
        yield from gather(Shelf("rows", self.tables, owners), spill)
        yield from gather(Shelf("restricted", made, owners), spill)
        if before != [one.version() for one in made]:
            raise ConflictError("restricted rows moved while they were read: call again")
        if self.holds:
            yield from gather_held(self.holds, owners, self.unwrap, spill)
