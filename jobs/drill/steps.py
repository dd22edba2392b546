"""Each right, asked for by canaries as by anybody, and what a witness says of the answer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.drill.series import Series
from jobs.drill.witness import Copy, Witness
from jobs.subjects.access.search.people import Person
from jobs.subjects.access.search.sources import Sources
from jobs.subjects.access.search.spill import Spill
from jobs.subjects.access.writing.archive import Archive, new_passphrase
from jobs.subjects.confirm import Searcher
from jobs.subjects.erase import ACT as ERASED
from jobs.subjects.erase import Eraser
from jobs.subjects.restrict import Restricter
from jobs.subjects.roll import Roll
from jobs.subjects.waiting import say_places
from schemas.drills import ACCESS, request_of
from schemas.ledger import Entry
from schemas.lineage import Partition
from schemas.policies import Policies
from schemas.requests import Right
from schemas.retention import moment

_SPEAKS_WITHIN = timedelta(hours=1)
"""Of one that was just registered, or bound, nothing may be durable yet."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a step was not answered well, or not yet.

    Attributes:
        why: A fixed phrase, or where something is waited for.
        passes: The same step later may come further: something is on its way.
    """

    why: str
    passes: bool = False


Troubles = Mapping[str, Trouble]
"""Device -> its trouble; those without one were answered well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What answers requests in one region.

    Each step takes several canaries' drills at once, as `--from` does subjects. It may be killed
    and repeated.

    Attributes:
        roll: What is told of the canaries.
        bind: Registers devices anew, as somebody's who bound them now.
    """

    roll: Roll
    searcher: Searcher
    sources: Sources
    restricter: Restricter
    eraser: Eraser
    policies: Policies
    bind: Callable[[Collection[str]], object] = field(repr=False)

    def confirm(self, drills: Sequence[Series]) -> Troubles:
        """Whether something is stored of it."""
        troubles = {}
        for one in drills:
            found = self.searcher.confirm(one.case(Right.CONFIRM))
            if not found.rows.total():
                is_new = self._known_since(one) + _SPEAKS_WITHIN > one.office.now
                troubles[one.device] = Trouble(
                    "no row of it is stored: does it run?", passes=is_new
                )
        return troubles

    def access(self, drills: Sequence[Series]) -> Troubles:
        """A copy is made, opened, and compared with what the witness reads before and after it."""
        witnesses = {one.device: self._witness(one) for one in drills}
        places = self.searcher.estate.places
        before = {device: one.rows(places) for device, one in witnesses.items()}
        copies = self._copies(drills)
        troubles = {}
        for device, one in witnesses.items():
            stayed = before[device] & one.rows(places)
            if copies[device].others:
                troubles[device] = Trouble("rows that are not its own are in its copy")
            elif not stayed:
                troubles[device] = Trouble("no file that is stored has a row of it")
            elif not copies[device].rows >= stayed:
                troubles[device] = Trouble("rows of its own are missing in its copy")
        return troubles

    def restrict(self, drills: Sequence[Series]) -> Troubles:
        """Its rows go out of use, and come back."""
        done = self.restricter.restrict([one.case(Right.RESTRICT) for one in drills])
        pending = {
            one.device: _waits(of.waiting)
            for one, of in zip(drills, done, strict=True)
            if of.waiting
        }
        aside = [one for one in drills if one.device not in pending]
        wrong = {one.device: self._not_aside(one) for one in aside}
        if aside:
            self.restricter.lift([one.case(Right.RESTRICT) for one in aside])
        wrong = {one.device: wrong[one.device] or self._not_back(one) for one in aside}
        return pending | {device: Trouble(why) for device, why in wrong.items() if why}

    def erase(self, drills: Sequence[Series]) -> Troubles:
        """Nothing is left of it in any byte; then somebody binds it, and it goes on running."""
        entries = drills[0].office.ledger.entries()
        back = {one.device for one in drills if self._is_back(one, entries)}
        done = self.eraser.erase([one.case(Right.ERASE) for one in drills], entries)
        troubles = {}
        for one, of in zip(drills, done, strict=True):
            if of.waiting:
                troubles[one.device] = _waits(of.waiting)
            elif not of.is_complete:
                troubles[one.device] = Trouble("somebody restricted it meanwhile")
            elif self._is_left(one, is_back=one.device in back):
                troubles[one.device] = Trouble("its name is left in some file")
        self.bind([one.device for one in drills if one.device not in {*troubles, *back}])
        return troubles

    def _is_back(self, one: Series, entries: Sequence[Entry]) -> bool:
        """Whether somebody bound it since it asked: what it says since then stays."""
        case = ERASED, request_of(one.name, Right.ERASE)
        begun = (entry.time for entry in entries if (entry.act.name, entry.act.request) == case)
        return self._bound(one) > next(begun, self._bound(one))

    def _is_left(self, one: Series, *, is_back: bool) -> bool:
        """Whether anything is of what had to go."""
        witness, places = self._witness(one), self.searcher.estate.places
        return bool(witness.former(places) if is_back else witness.traces(places))

    def _copies(self, drills: Sequence[Series]) -> dict[str, Copy]:
        """Device -> what is in its copy; the copy itself is gone then."""
        cases = [one.case(Right.ACCESS) for one in drills]
        people = [Person.of(case.request.number, case.subject, self.roll) for case in cases]
        copies = {}
        with Spill() as spill, TemporaryDirectory(prefix="fortnight-drill-") as folder:
            now = drills[0].office.now
            for one, case, found in zip(
                drills, cases, self.sources.search(people, spill, now), strict=True
            ):
                path, passphrase = Path(folder, f"{case.request.number}.zip"), new_passphrase()
                with Archive.create(path, passphrase, now) as archive:
                    found.write(archive, spill, self.policies)
                looked_at = {"files": found.proof.files, "records": found.proof.records}
                case.tell(ACCESS, looked_at=looked_at, changed={"rows": found.rows})
                copies[one.device] = self._witness(one).unpacked(path, passphrase)
        return copies

    def _not_aside(self, one: Series) -> str:
        witness, estate = self._witness(one), self.searcher.estate
        if witness.traces(estate.tables):
            return "it was in use while it was restricted"
        return "" if witness.rows(estate.aside) else "nothing of it was put aside"

    def _not_back(self, one: Series) -> str:
        witness, estate = self._witness(one), self.searcher.estate
        if witness.traces(estate.aside):
            return "it stayed aside when that was lifted"
        return "" if witness.rows(estate.tables) else "nothing of it came back"

    def _witness(self, one: Series) -> Witness:
        return Witness.of(one.canary, self.searcher.keyring, self._bound(one))

    def _known_since(self, one: Series) -> datetime:
        """Since when what it says could be stored: it was registered then, or bound."""
        came = self.roll.of(one.device).since
        return max(filter(None, (came, self._bound(one))))

    def _bound(self, one: Series) -> datetime:
        said = self.roll.of(one.device).registration
        return moment((said.bound_since if said else None) or 0)


def _waits(waiting: Sequence[Partition]) -> Trouble:
    return Trouble(say_places(waiting), passes=True)
