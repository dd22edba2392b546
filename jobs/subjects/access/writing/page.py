"""What a person reads first: `index.html` and `README.txt` of an archive, in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from jobs.subjects.access.search.people import Robot
from jobs.subjects.access.writing.parts import Picture, Span
from jobs.subjects.access.writing.proof import Proof
from jobs.subjects.access.writing.words import SHELVES, TABLES, Column, columns
from schemas.policies import Policy
from schemas.policies.answering import Recipients
from schemas.retention import FORTNIGHT, moment
from schemas.tables import STREAMED


@dataclass(frozen=True, slots=True)
class KeptTable:
    """Rows of one table that are in the archive.

    Attributes:
        name: Of its parts, without what follows the dot.
        shelf: Where they lie; begins with a key of `SHELVES`.
    """

    name: str
    shelf: str
    table: str
    span: Span
    pictures: Sequence[Picture] = ()

    @property
    def title(self) -> str:
        """What it is called."""
        return TABLES[self.table][0]

    @property
    def what(self) -> str:
        """What it is."""
        return TABLES[self.table][1]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a person's records that one topic still has."""

    topic: str
    records: int
    stored: int
    rejected: int

    @property
    def left_out(self) -> int:
        """Withheld, too old, another region's, or not worked on yet."""
        return max(0, self.records - self.stored - self.rejected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What both pages tell.

    Attributes:
        names: Pseudonym -> which of the robots it stands for.
        policies: Of the robots' makers.
        proof: What was looked at.
    """

    request: str
    robots: Sequence[Robot] = field(repr=False)
    names: Mapping[str, Robot] = field(repr=False)
    tables: Sequence[KeptTable]
    fates: Sequence[Fate]
    policies: Sequence[Policy]
    proof: Proof


def html(contents: Contents) -> str:
    """The page, self-contained but for the pictures beside it."""
    return _render("index.html", contents)


def readme(contents: Contents) -> str:
    """The short text that points to it."""
    return _render("README.txt", contents)


def _render(name: str, contents: Contents) -> str:
    return _TEMPLATES.get_template(name).render(
        it=contents,
        robots=[_robot(one, contents.names) for one in contents.robots],
        shelves=_shelves(contents.tables),
        columns=_columns(contents.policies),
        recipients={one.maker: _recipients(one) for one in contents.policies},
        days=FORTNIGHT.days,
    )


def _robot(robot: Robot, names: Mapping[str, Robot]) -> dict[str, Any]:
    """What the page says of a robot."""
    told = {
        "number": robot.number,
        "device": robot.device,
        "names": sorted(name for name, one in names.items() if one is robot),
        "registration": robot.registration,
    }
    known = robot.registration
    bound = known.bound_since if known else None
    said = [(one.name, one.granted, moment(one.since)) for one in known.consents] if known else []
    return {**told, "since": None if bound is None else moment(bound), "consents": said}


def _columns(policies: Sequence[Policy]) -> dict[str, Sequence[Column]]:
    return {
        f"{TABLES[table.name][0]} ({table.name})": columns(table, policies)
        for table in STREAMED.values()
    }


def _recipients(policy: Policy) -> list[str]:
    """Its own rules on who gets data."""
    return [one.rule for one in policy.of_kind(Recipients)]


def _time(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else "-"


def _shelves(tables: Sequence[KeptTable]) -> dict[str, list[KeptTable]]:
    """What it means where rows lie -> those that lie there, in the order of `SHELVES`."""
    found = {
        words: [one for one in tables if one.shelf.partition("/")[0] == shelf]
        for shelf, words in SHELVES.items()
    }
    return {words: there for words, there in found.items() if there}


_TEMPLATES = Environment(
    loader=PackageLoader(__package__, "web"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["time"] = _time
