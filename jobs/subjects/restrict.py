"""A subject is restricted: its rows move out of everybody's reach, and come back when it is lifted.

New rows are withheld from the mark on. What is stored moves to the region's restricted bucket, in
which the rows expire as they had to, unless they are preserved: then they stay until the lifting.
Like an erasure it is pending until nothing that came before the mark is on its way, and may be
killed anywhere and run again: each row is in one of the two places.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from msgspec.structs import replace

from jobs.expire import PERIOD
from jobs.rewriting import Search, Selection, find, move
from jobs.rewriting.move import Reception
from jobs.subjects.case import Case
from jobs.subjects.estate import Estate
from jobs.subjects.inputs import Inputs
from jobs.subjects.searching import drop_orphans, until_nothing
from jobs.subjects.selecting import devices_of, is_erased, last_mark
from jobs.subjects.subject import names
from schemas.keyring import Keyring
from schemas.lineage import Partition
from schemas.regions import Region
from storage.lake import Destination
from storage.layout import DataPath
from storage.preserved import preserve

ACT = "subject restrict"
REASON = "restrict"
"""What commits say that moved restricted rows, to and fro."""


@dataclass(frozen=True, slots=True)
class Restricted:
    """How far a case came.

    Attributes:
        rows: Of the subject, that this run moved; where it was lifted, with those that went for
            their hour had come.
        waiting: Partitions on which something may be on its way.
        erased: Devices whose rows do not come back, for they are erased.
    """

    case: Case
    rows: int
    waiting: tuple[Partition, ...] = ()
    erased: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all rows are where they have to be."""
        return not self.waiting


@dataclass(frozen=True, slots=True)
class Restricter:
    """Restricts in one region.

    Attributes:
        keyring: Its secrets of the region opened.
    """

    region: Region
    estate: Estate
    inputs: Inputs
    keyring: Keyring = field(repr=False)

    def restrict(self, cases: Sequence[Case], *, preserved: bool = False) -> list[Restricted]:
        """Put the subjects' rows aside, all in one pass. Safe to repeat.

        Args:
            cases: Of the region.
            preserved: They do not expire until that is lifted, those that are there already too.

        Raises:
            SettingsError: There is no restricted bucket.
            RetryableError: A store or Kafka does not answer; call again.
        """
        pairs, devices, rows = list(self.estate.pairs), devices_of(cases), Counter[str]()
        roll = self.inputs.mark(devices, lambda mark: replace(mark, restricted=True))
        wanted = self._selection(devices)

        def clear() -> None:
            for table, aside in pairs:
                reception = _preserving(aside) if preserved else self._not_due(table)
                rows.update(self._move(table, aside, wanted, reception))
                if preserved:
                    files = [match.file.path for match in find(aside, wanted).files]
                    preserve(aside.store, aside.table.name, files)

        clear()
        at = last_mark(devices, roll)
        waiting = self.inputs.waiting(self.estate.tables, at) if at else ()
        if not waiting:
            until_nothing([Search(table, wanted) for table in self.estate.tables], clear)
            drop_orphans(Search(aside, wanted) for aside in self.estate.aside)
        what = "preserved" if preserved else "restricted"
        return [self._told(what, Restricted(case, self._of(case, rows), waiting)) for case in cases]

    def lift(self, cases: Sequence[Case]) -> list[Restricted]:
        """Bring the subjects' rows back, but what is due: that goes. Safe to repeat.

        Raises:
            SettingsError: There is no restricted bucket.
            RetryableError: A store or Kafka does not answer; call again.
        """
        pairs, devices, rows = list(self.estate.pairs), devices_of(cases), Counter[str]()
        roll = self.inputs.mark(devices, lambda mark: replace(mark, restricted=False))
        wanted = self._selection([one for one in devices if not is_erased(one, roll)])

        def clear() -> None:
            for table, aside in pairs:
                rows.update(self._move(aside, table, wanted, self._not_due(aside)))

        clear()
        until_nothing([Search(aside, wanted) for aside in self.estate.aside], clear)
        self.estate.tidy()
        done = []
        for case in cases:
            erased = sum(is_erased(one, roll) for one in case.subject.devices)
            done.append(Restricted(case, self._of(case, rows), erased=erased))
        return [self._told("lifted", one) for one in done]

    def _move(
        self,
        source: Destination,
        target: Destination,
        wanted: Selection,
        reception: Reception,
    ) -> Mapping[str, int]:
        """Pseudonym -> rows that left the source."""
        clock = self.estate.clock
        done = move(source, target, wanted, reason=REASON, clock=clock, reception=reception)
        return done.devices

    def _not_due(self, source: Destination) -> Reception:
        """What would expire at once just goes; what is held of it is copied before."""
        keep = self.estate.before(source)

        def arrives(path: DataPath, rows: pa.Table) -> bool:
            if path.expires > self.estate.clock() + PERIOD:
                return True
            if keep is not None:
                keep(path, rows)
            return False

        return Reception(arrives)

    def _selection(self, devices: Collection[str]) -> Selection:
        return Selection(names(devices, self.keyring, self.region))

    def _of(self, case: Case, rows: Counter[str]) -> int:
        return sum(rows[name] for name in names(case.subject.devices, self.keyring, self.region))

    def _told(self, what: str, done: Restricted) -> Restricted:
        state = "complete" if done.is_complete else "pending"
        done.case.tell(
            ACT,
            scope={"what": what, "state": state},
            looked_at={"devices": len(done.case.subject.devices)},
            changed={"rows": done.rows},
        )
        return done


def _preserving(aside: Destination) -> Reception:
    """Everything arrives, and no copy is ever seen by expiry."""
    return Reception(placed=lambda path: preserve(aside.store, aside.table.name, [path]))
