"""Whether anything is stored of a subject, and where: the question of GDPR Art. 15(1), first half.

Counted are rows of its devices as far as these are its own: what is from before a device was bound
to it is somebody else's.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.office import Office
from jobs.rewriting import Found, Selection, find
from jobs.subjects.access.search.held import count_held
from jobs.subjects.access.search.people import Owners, Person
from jobs.subjects.case import Case
from jobs.subjects.estate import Estate
from jobs.subjects.roll import Listed, Roll
from jobs.subjects.subject import names
from schemas.keyring import Keyring
from schemas.retention import FORTNIGHT, moment
from storage.lake import Destination

CONFIRM, PSEUDONYM = "subject confirm", "subject pseudonym"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What is stored of a case's subject.

    Attributes:
        registered: Its devices that are registered now.
        rows: Place -> how many rows are the subject's.
        files: How many files were looked at.
    """

    case: Case
    registered: int
    rows: Counter[str]
    files: int

    @property
    def is_anything(self) -> bool:
        """Whether anything is."""
        return bool(self.registered or self.rows.total())


@dataclass(frozen=True, slots=True)
class Searcher:
    """Looks for subjects in one region.

    Attributes:
        estate: Where rows may lie.
        keyring: Its secrets of the region opened.
    """

    estate: Estate
    roll: Roll
    keyring: Keyring = field(repr=False)

    def confirm(self, case: Case) -> Confirmed:
        """Look, and tell that in the ledger; changes nothing else.

        Raises:
            RetryableError: A store does not answer; call again.
            IntegrityError: A file is damaged: nobody knows what is in it.
        """
        devices = case.subject.devices
        listed = [self.roll.of(device) for device in devices]
        rows, files = Counter[str](), 0
        for destination in self.estate.places:
            found, looked_at = self._rows(destination, listed, case.office)
            rows[self._name(destination)] += found
            files += looked_at
        rows.update(self._held(case))
        case.tell(CONFIRM, looked_at={"devices": len(devices), "files": files})
        registered = sum(one.registration is not None for one in listed)
        return Confirmed(case, registered, +rows, files)

    def _rows(
        self, destination: Destination, listed: Sequence[Listed], office: Office
    ) -> tuple[int, int]:
        """Rows that are theirs, and how many files were looked at."""

        def search(some: Sequence[Listed], before: datetime | None = None) -> Found:
            mine = names([one.device for one in some], self.keyring, office.region)
            return find(destination, Selection(mine, before))

        every, others = search(listed), 0
        for one in listed if every.rows else ():
            if (bound := _bound_since(one)) and bound > office.now - FORTNIGHT - _MARGIN:
                others += search([one], bound).rows
        return every.rows - others, every.looked_at

    def _held(self, case: Case) -> Counter[str]:
        """Copied rows that are theirs, by hold."""
        if (keeper := self.estate.keeper) is None:
            return Counter()
        person = Person.of(case.request.number, case.subject, self.roll)
        region = case.office.region
        owners = Owners.of([person], lambda device: names([device], self.keyring, region))
        held = count_held(keeper.store, owners, keeper.unwrap)
        return Counter({f"held for {hold}": n for hold, n in held.items()})

    def _name(self, destination: Destination) -> str:
        restricted = destination in self.estate.aside
        return f"{destination.table.name}{', restricted' if restricted else ''}"


_MARGIN = timedelta(days=1)
"""A row that is older than this beyond its fortnight is gone."""


def pseudonyms_of(case: Case, keyring: Keyring) -> Iterator[tuple[int, str]]:
    """(place of the device, pseudonym) of a subject, told in the ledger before anybody sees it."""
    case.tell(PSEUDONYM, looked_at={"devices": len(case.subject.devices)})
    for place, device in enumerate(case.subject.devices, 1):
        for name in sorted(names([device], keyring, case.office.region)):
            yield place, name


def _bound_since(listed: Listed) -> datetime | None:
    bound = listed.registration.bound_since if listed.registration else None
    return None if bound is None else moment(bound)
