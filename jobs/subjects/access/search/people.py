"""Whose rows and records these are: people, their robots, and since when each robot is theirs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jobs.subjects.roll import Roll
from jobs.subjects.subject import Subject
from schemas.tables.devices import Device

_ALWAYS, _NEVER = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot of somebody who asks.

    Attributes:
        number: From 1, among its owner's.
        device: Its id, as it was written last.
        registration: What the account service says of it, or said before it was cancelled; None
            where nothing is left of that: nobody knows whose it is, so nobody gets its rows.
    """

    number: int
    device: str = field(repr=False)
    registration: Device | None = field(default=None, repr=False)

    @property
    def since(self) -> int:
        """Since when its rows are its owner's, microseconds since 1970 in UTC."""
        if self.registration is None:
            return _NEVER
        bound = self.registration.bound_since
        return _ALWAYS if bound is None else bound


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks.

    Attributes:
        request: The number of the request.
        robots: Theirs, now.
    """

    request: str
    robots: tuple[Robot, ...] = field(repr=False)

    @classmethod
    def of(cls, request: str, subject: Subject, roll: Roll) -> Self:
        """Whom a request is about, with what is told of their robots."""
        listed = enumerate(map(roll.of, subject.devices), 1)
        robots = (Robot(n, one.device, one.registration or one.former) for n, one in listed)
        return cls(request, tuple(robots))


Owner = tuple[int, Robot]
"""The place of a person among those who ask, and one of their robots."""


class Owners:
    """Which row is whose, for rows that lie under some pseudonyms.

    Several who ask may mean one robot: each of them gets its rows. A row from before its robot was
    bound to its owner is nobody's here.
    """

    def __init__(self, names: Mapping[str, Sequence[Owner]]) -> None:
        """Prepare.

        Args:
            names: Pseudonym -> whose it is, at least one.
        """
        self.names = names
        told = sorted(names)
        owners = [one for name in told for one in names[name]]
        self._told = pa.array(told, pa.string())
        self._counts = np.array([len(names[name]) for name in told], np.int64)
        self._starts = np.cumsum(self._counts) - self._counts
        self._people = np.array([place for place, _ in owners], np.int64)
        self._since = np.array([robot.since for _, robot in owners], np.int64)

    @classmethod
    def of(cls, people: Sequence[Person], name: Callable[[str], Iterable[str]]) -> Self:
        """Whose is what some people's robots are called.

        Args:
            name: Device id -> its pseudonyms.
        """
        names: dict[str, list[Owner]] = defaultdict(list)
        for place, person in enumerate(people):
            for robot in person.robots:
                for one in name(robot.device):
                    names[one].append((place, robot))
        return cls(names)

    def robots(self, person: int) -> Mapping[str, Robot]:
        """Pseudonym -> which of a person's robots it stands for."""
        return {
            name: robot
            for name, owners in self.names.items()
            for place, robot in owners
            if place == person
        }

    def split(self, rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """Each person's rows, in their order; with the columns `device` and `event_time`."""
        which = pc.index_in(rows["device"].cast(pa.string()), value_set=self._told)
        mine = rows.filter(pc.is_valid(which))
        if not mine.num_rows:
            return
        row, owner = self._pairs(which.drop_null().to_numpy())
        times = mine["event_time"].cast(pa.int64()).to_numpy()[row]
        people = np.where(times >= self._since[owner], self._people[owner], -1)
        for person in np.unique(people[people >= 0]).tolist():
            yield person, mine.take(pa.array(row[people == person]))

    def _pairs(self, which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(m,) row and (m,) owner of each pair of a row and one of its owners, by row.

        Args:
            which: (n,) the pseudonym of each row.
        """
        counts = self._counts[which]
        row = np.repeat(np.arange(len(which)), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, self._starts[which][row] + within
