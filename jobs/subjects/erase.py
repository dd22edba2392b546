"""A subject is erased: marked, so that nothing new is stored, and taken out of everything stored.

It is *complete* once nothing that came before the mark is on its way any more and a search after
that found nothing; before that it is *pending*, and the same command goes on. It may be killed
anywhere and run again. Held rows are copied before they go, for a hold is stronger; so is a
restriction: what is restricted waits until that is lifted, then the same command erases it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from jobs.subjects.case import Case
from jobs.subjects.estate import Estate
from jobs.subjects.inputs import Inputs
from jobs.subjects.roll import Roll
from jobs.subjects.searching import until_nothing
from jobs.subjects.selecting import devices_of, erased_rows, is_restricted, last_mark
from jobs.subjects.subject import names
from schemas.keyring import Keyring
from schemas.ledger import Entry
from schemas.lineage import Partition
from schemas.marks import Mark
from schemas.privacy import canonical
from schemas.regions import Region
from schemas.retention import microseconds, moment
from storage.links import drop_links, links_in
from storage.watches import Watch, WatchPath, put_watch

ACT = "subject erase"
REASON = "erase"
"""What a commit says that took erased rows out."""

BEGUN, PENDING, COMPLETE = "begun", "pending", "complete"
"""What an entry of the ledger says of a case, as its scope's `state`."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Erased:
    """How far a case came.

    Attributes:
        rows: Of the subject, that this run took out.
        files: That the last search looked at; 0 where none was made yet.
        waiting: Partitions on which something may be on its way.
        restricted: Devices whose rows wait until their restriction is lifted.
    """

    case: Case
    rows: int
    files: int
    waiting: tuple[Partition, ...]
    restricted: int

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the subject is left, nor will come."""
        return not self.waiting and not self.restricted


@dataclass(frozen=True, slots=True)
class Eraser:
    """Erases in one region.

    Attributes:
        keyring: Its secrets of the region opened.
        raw_for: How long a raw copy may stay in Kafka.
    """

    region: Region
    estate: Estate
    inputs: Inputs
    keyring: Keyring = field(repr=False)
    raw_for: timedelta

    def erase(self, cases: Sequence[Case], entries: Collection[Entry]) -> list[Erased]:
        """Erase the subjects of cases, all in one pass over the region's files. Safe to repeat.

        Args:
            cases: Of the region.
            entries: Of its ledger: they tell since when a case is at work.

        Raises:
            RetryableError: A store or Kafka does not answer; call again.
        """
        begun = [_begun(case, entries) for case in cases]
        roll = self.inputs.mark(devices_of(cases), _erased_up_to(cases, begun))
        for case, since in zip(cases, begun, strict=True):
            if since is None:
                case.tell(ACT, scope={"state": BEGUN})
        self._watch(cases, roll)
        rows, files, waiting = self._take_out(cases, roll)
        return [self._told(case, roll, rows, files, waiting) for case in cases]

    def _take_out(
        self, cases: Sequence[Case], roll: Roll
    ) -> tuple[Counter[str], int, tuple[Partition, ...]]:
        """Pseudonym -> rows that went; files that the last search saw; what it waits for."""
        free = [one for one in devices_of(cases) if not is_restricted(one, roll)]
        wanted = erased_rows(free, roll, self.keyring, self.region)
        searches = self.estate.searches(wanted)
        rows = Counter[str]()

        def clear() -> None:
            for taken in self.estate.erase(searches, REASON):
                rows.update(taken.devices)

        clear()
        drop_links(self.estate.store, links_in(self.estate.store))
        waiting = self._waiting(cases, roll)
        files = 0 if waiting else until_nothing(searches, clear)
        self.estate.tidy()
        return rows, files, waiting

    def _waiting(self, cases: Sequence[Case], roll: Roll) -> tuple[Partition, ...]:
        at = last_mark(devices_of(cases), roll)
        return self.inputs.waiting(self.estate.tables, at) if at else ()

    def _watch(self, cases: Sequence[Case], roll: Roll) -> None:
        """Let whoever proves the promises see whether rows come back."""
        for case in cases:
            if at := last_mark(case.subject.devices, roll):
                path = WatchPath(_hour_behind(at + self.raw_for), _name(case))
                watch = Watch(self.region, tuple(self._names(case)), _erased(case, roll))
                put_watch(self.estate.store, path, watch, case.office.key.watching)

    def _told(
        self,
        case: Case,
        roll: Roll,
        rows: Counter[str],
        files: int,
        waiting: tuple[Partition, ...],
    ) -> Erased:
        mine = sum(rows[name] for name in self._names(case))
        restricted = sum(is_restricted(one, roll) for one in case.subject.devices)
        done = Erased(case, mine, files, waiting, restricted)
        case.tell(
            ACT,
            scope={"state": COMPLETE if done.is_complete else PENDING},
            looked_at={"devices": len(case.subject.devices), "files": files},
            changed={"rows": mine},
        )
        return done

    def _names(self, case: Case) -> frozenset[str]:
        return names(case.subject.devices, self.keyring, self.region)


def _begun(case: Case, entries: Iterable[Entry]) -> datetime | None:
    """Since when a case is at work; None where this is its first run."""
    of = ACT, case.request.number, case.subject.tag
    for entry in entries:
        if (entry.act.name, entry.act.request, entry.act.subject) == of:
            return entry.time
    return None


def _erased_up_to(
    cases: Sequence[Case], begun: Sequence[datetime | None]
) -> Callable[[Mark], Mark]:
    """The change of a device's mark: nobody's rows stay that had it when its case began."""
    moments: dict[str, int] = {}
    for case, since in zip(cases, begun, strict=True):
        for device in map(canonical, case.subject.devices):
            at = microseconds(since or case.office.now)
            moments[device] = max(at, moments.get(device, at))

    def change(mark: Mark) -> Mark:
        at = moments[canonical(mark.device)]
        return replace(mark, erased=at if mark.erased is None else max(at, mark.erased))

    return change


def _erased(case: Case, roll: Roll) -> datetime:
    """Up to when the case's devices are erased."""
    marks = [roll.of(device).mark for device in case.subject.devices]
    return moment(max(mark.erased or 0 for mark in marks if mark is not None))


def _name(case: Case) -> str:
    """The same for the same case, and nobody's name."""
    said = f"{case.request.number}/{case.subject.tag}".encode()
    return hashlib.sha256(said).hexdigest()[:32]


def _hour_behind(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0) + _HOUR
