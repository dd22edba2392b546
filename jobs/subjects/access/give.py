"""A subject gets a copy of everything, once a second person has approved it.

An archive gets its name only after its entry is in the ledger: nobody has one that is untold.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jobs.office.second_person import Standing, propose, standing
from jobs.subjects.access.dossier import Dossier
from jobs.subjects.access.search.people import Person
from jobs.subjects.access.search.sources import Sources
from jobs.subjects.access.search.spill import Spill
from jobs.subjects.access.writing.archive import Archive
from jobs.subjects.case import Case
from jobs.subjects.roll import Roll
from schemas.errors import SettingsError
from schemas.policies import Policies
from storage.ledger import Recorded

ACT = "subject access"


@dataclass(frozen=True, slots=True)
class Target:
    """Where archives go, and how they are locked.

    Attributes:
        folder: Each gets a name there that tells of nobody.
        passphrase: Makes the passphrase of each.
        policies: Say what columns are for.
    """

    folder: Path
    passphrase: Callable[[], str] = field(repr=False)
    policies: Policies

    def path(self, case: Case) -> Path:
        """Where a case's archive goes."""
        return self.folder / f"access-{case.request.number}-{case.office.region}.zip"

    def check(self, cases: Sequence[Case]) -> None:
        """See that each case's archive can be made, before anything is looked for.

        Raises:
            SettingsError: One is there already, two would have one name, or there is no folder.
        """
        paths = [self.path(case) for case in cases]
        if not self.folder.is_dir():
            raise SettingsError(f"--into: {self.folder}: there is no such folder")
        if len({*paths}) < len(paths):
            raise SettingsError("--from: a request is answered once, for one subject")
        for path in paths:
            if path.exists():
                raise SettingsError(f"{path}: there is a file already, and it stays")


@dataclass(frozen=True, slots=True)
class Given:
    """An archive that is there, or waits for a second person.

    Attributes:
        standing: How far the act came.
        path: Of the archive; None where it is only proposed.
        rows: That are in it, from tables.
        closed: The region whose dead letters could not be looked at; empty where they were.
    """

    request: str
    standing: Standing
    path: Path | None = None
    passphrase: str = field(default="", repr=False)
    rows: int = 0
    recorded: Recorded | None = None
    closed: str = ""


def give(cases: Sequence[Case], roll: Roll, sources: Sources, target: Target) -> Iterator[Given]:
    """Make the archive of each case that is approved, and propose the others; one pass for all.

    Safe to kill and to repeat: an archive is there whole or not at all. One that is there stays.

    Raises:
        SettingsError: An archive cannot be made: one is there already, or there is no folder.
        RetryableError: A store or Kafka does not answer: call again.
    """
    if not cases:
        return
    office = cases[0].office
    entries = office.ledger.entries()
    found = [(case, standing(office, case.act(ACT), entries)) for case in cases]
    for case, waiting in found:
        if waiting.approver is None:
            propose(office, case.act(ACT), waiting)
            yield Given(case.request.number, waiting)
    approved = [(case, one) for case, one in found if one.approver]
    target.check([case for case, _ in approved])
    people = [Person.of(case.request.number, case.subject, roll) for case, _ in approved]
    if people:
        office.check()
        with Spill() as spill:
            dossiers = sources.search(people, spill, office.now)
            for (case, one), dossier in zip(approved, dossiers, strict=True):
                yield _write(case, one, dossier, target, spill)


def _write(case: Case, found: Standing, dossier: Dossier, target: Target, spill: Spill) -> Given:
    path, passphrase = target.path(case), target.passphrase()
    with Archive.create(path, passphrase, case.office.now) as archive:
        dossier.write(archive, spill, target.policies)
        looked_at = {"files": dossier.proof.files, "records": dossier.proof.records}
        told = replace(
            found.told(case.act(ACT)), looked_at=looked_at, changed={"rows": dossier.rows}
        )
        recorded = case.office.record(told)
    return Given(
        case.request.number,
        found,
        path,
        passphrase,
        dossier.rows,
        recorded,
        dossier.proof.closed,
    )
