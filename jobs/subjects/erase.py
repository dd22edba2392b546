"""A subject is erased: marked, so that nothing new is stored, and taken out of everything stored.

It is *complete* once nothing that came before the mark is on its way any more and a search after
that found nothing; before that it is *pending*, and the same command goes on. It may be killed
anywhere and run again. Held rows are copied before they go, for a hold is stronger; so is a
restriction: what is restricted waits until that is lifted, then the same command erases it.

A device that changes hands meanwhile is the subject's as far as it was when the case began: the
case's watch entry knows its pseudonyms, and its mark its id.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from msgspec import structs

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
from storage.watches import Watch, WatchPath, put_watch, watched

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
        former: Devices that are the subject's no more: what was theirs goes as the rest does.
        lost: Such devices that nobody can name any more, for the watch entry is gone.
    """

    case: Case
    rows: int
    files: int
    waiting: tuple[Partition, ...]
    restricted: int
    former: int = 0
    lost: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the subject is left, nor will come."""
        return not (self.waiting or self.restricted or self.lost)


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
            PolicyError: A case has no device: nothing was done for any.
            RetryableError: A store or Kafka does not answer; call again.
        """
        own = [len(case.subject.devices) for case in cases]
        cases = self._with_former(cases, entries)
        devices = devices_of(cases)
        begun = [_begun(case, entries) for case in cases]
        for case, since in zip(cases, begun, strict=True):
            if since is None:  # told before anything is marked: who binds it next keeps his rows
                case.tell(ACT, scope={"state": BEGUN}, looked_at=_devices(case))
        roll = self.inputs.mark(devices, _erased_up_to(cases, begun))
        self._watch(cases, roll)
        rows, files, waiting = self._take_out(cases, roll)
        aside = self._restricted(devices, roll)
        done = []
        for case, n in zip(cases, own, strict=True):
            mine = sum(rows[name] for name in self._names(case))
            restricted = len(aside.intersection(case.subject.devices))
            told, lost = len(case.subject.devices), missing(case, entries)
            done.append(_told(Erased(case, mine, files, waiting, restricted, told - n, lost)))
        return done

    def _with_former(self, cases: Sequence[Case], entries: Collection[Entry]) -> list[Case]:
        """The cases, with the devices that were their subjects' when they began."""
        if not any(missing(case, entries) for case in cases):
            return [*cases]
        roll = self.inputs.mark((), lambda mark: mark)
        marked = [one.device for one in roll.devices.values() if one.mark and one.mark.erased]
        named = {device: names([device], self.keyring, self.region) for device in marked}
        found = []
        for case in cases:
            known = watched(self.estate.store, _name(case), case.office.key.watching)
            mine = set(map(canonical, case.subject.devices))
            former = [one for one in marked if named[one] & known and canonical(one) not in mine]
            subject = replace(case.subject, devices=(*case.subject.devices, *former))
            found.append(replace(case, subject=subject))
        return found

    def _restricted(self, devices: Collection[str], roll: Roll) -> set[str]:
        """Devices that are, at the mark or now: meanwhile rows may have been put aside."""
        now = self.inputs.mark(devices, lambda mark: mark)
        return {one for one in devices if is_restricted(one, roll) or is_restricted(one, now)}

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

    def _names(self, case: Case) -> frozenset[str]:
        return names(case.subject.devices, self.keyring, self.region)


def _told(done: Erased) -> Erased:
    done.case.tell(
        ACT,
        scope={"state": COMPLETE if done.is_complete else PENDING},
        looked_at={**_devices(done.case), "former": done.former, "files": done.files},
        changed={"rows": done.rows},
    )
    return done


def _devices(case: Case) -> dict[str, int]:
    return {"devices": len(case.subject.devices)}


def _begun(case: Case, entries: Iterable[Entry]) -> datetime | None:
    """Since when a case is at work; None where this is its first run."""
    return next((entry.time for entry in _of(case, entries)), None)


def missing(case: Case, entries: Iterable[Entry]) -> int:
    """How many devices the runs of a case looked at since it was complete that it has no more."""
    return max(0, _looked_at(case, entries) - len(case.subject.devices))


def _looked_at(case: Case, entries: Iterable[Entry]) -> int:
    """How many devices the runs of a case looked at, at most, since it was complete."""
    most = 0
    for entry in _of(case, entries):
        is_over = entry.act.scope.get("state") == COMPLETE
        most = 0 if is_over else max(most, entry.act.looked_at.get("devices", 0))
    return most


def _of(case: Case, entries: Iterable[Entry]) -> Iterator[Entry]:
    """What the ledger tells of a case."""
    of = ACT, case.request.number, case.subject.tag
    for entry in entries:
        if (entry.act.name, entry.act.request, entry.act.subject) == of:
            yield entry


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
        return structs.replace(mark, erased=at if mark.erased is None else max(at, mark.erased))

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
