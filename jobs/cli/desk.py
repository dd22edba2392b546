"""What commands about subjects share: whom, for which request, and what an officer then has."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jobs import keys
from jobs.cli.kafka import cluster_of
from jobs.cli.offices import now, office_of, region_of
from jobs.cli.settings import environment, settings
from jobs.holds.open import see_that_it_copies
from jobs.kafka import Cluster
from jobs.office import Office
from jobs.subjects.case import Asked, Case, open_cases
from jobs.subjects.estate import Estate
from jobs.subjects.roll import Roll, read
from jobs.subjects.subject import DEVICE, wanted
from schemas.errors import SettingsError
from schemas.keyring import Keyring
from schemas.regions import Residency
from schemas.requests import Right
from schemas.settings import Settings
from storage.lake import Destination
from storage.places import open_lake, open_stores
from storage.wrapping import wrapping_of

Whom = Annotated[
    str,
    typer.Argument(
        metavar="[SUBJECT]",
        help="device:ID or account:ID; -: read from stdin, so that no shell keeps it.",
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="FILE",
        help="One subject a line, which may begin with a request's number of its own.",
    ),
]
Number = Annotated[
    str, typer.Option("--request", help="The number of the open request: R-2026-17.")
]


@dataclass(frozen=True, slots=True)
class Desk:
    """What an officer has before him, as long as a command runs.

    Attributes:
        cluster: To be used while the desk is open.
        roll: What `fleet.devices` tells of the subjects' devices.
        cases: In the order in which subjects were named.
    """

    chosen: Settings
    office: Office
    cluster: Cluster
    roll: Roll
    cases: tuple[Case, ...]

    def keyring(self) -> Keyring:
        """The keyring, with the region's secrets opened."""
        path, wrapping = Path(self.chosen.keyring), wrapping_of(self.chosen, environment())
        return keys.read(path, wrapping, [self.office.region])

    def estate(self) -> Estate:
        """Where the region's rows may lie.

        Raises:
            SettingsError: A hold lasts, and nobody says where its copies go.
        """
        region = self.office.region
        see_that_it_copies(self.chosen, region, self.office.ledger.entries())
        return Estate.open(self.chosen, environment(), region, now)

    def tables(self) -> list[Destination]:
        """The region's tables."""
        lake = open_lake(open_stores(self.chosen), self.chosen)
        return [lake[place] for place in lake if place[1] == self.office.region]


@contextmanager
def desk(
    whom: str, file: str, number: str, *, rights: tuple[Right, ...], region: str, by: str
) -> Iterator[Desk]:
    """Open every case, before anything is done for any.

    Args:
        whom: The command's argument.
        file: Instead: a file of such.
        number: Of the request, where a line does not say.
        rights: What the requests may ask for.
        region: Where; empty: the only one.
        by: Who the caller says to be.

    Raises:
        FatalError: A subject, a request or the caller is not what it has to be: nothing was done.
        RetryableError: A store or Kafka does not answer.
    """
    asked = list(dict.fromkeys(_asked(whom, file, number)))
    if not asked:
        raise SettingsError(f"{'--from' if file else 'SUBJECT'}: it names nobody")
    chosen = settings()
    office = office_of(chosen, region_of(chosen, region), by)
    office.check()
    with cluster_of(chosen) as cluster:
        roll = read(cluster, wanted([one.named for one in asked]))
        cases = open_cases(office, asked, roll, residency=Residency.shipped(), rights=rights)
        for one, case in zip(asked, cases, strict=True):
            if doubt := _doubt(one, case, roll):
                typer.echo(f"{case.request.number}: {doubt}", err=True)
        yield Desk(chosen, office, cluster, roll, cases)


def _doubt(asked: Asked, case: Case, roll: Roll) -> str:
    """Why whoever is meant may be somebody else, or elsewhere; empty for no reason."""
    if not case.subject.devices:
        return (
            f"no device of this subject is known in region {case.office.region}: it may be in "
            "another, or written otherwise"
        )
    known = asked.named.kind != DEVICE or roll.of(asked.named.name).since
    return "" if known else "nobody registered this device, as far as is known: is its id right?"


def _asked(whom: str, file: str, number: str) -> Iterator[Asked]:
    if bool(whom) == bool(file):
        raise SettingsError("one of SUBJECT and --from is needed")
    lines = _lines(file) if file else [sys.stdin.readline() if whom == "-" else whom]
    for place, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield Asked.parse(line, number)
            except SettingsError as error:
                where = f"--from, line {place}: " if file else ""
                raise SettingsError(f"{where}{error}") from None


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--from: it cannot be read: {type(error).__name__}") from None
