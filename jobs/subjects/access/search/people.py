"""Whose rows and records these are: people, their robots, and since when each robot is theirs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


class Owners:
    """Which row is whose, for rows that lie under some pseudonyms.

    A row from before its robot was bound to its owner is nobody's here.
    """

    def __init__(self, names: Mapping[str, tuple[int, Robot]]) -> None:
        """Prepare.

        Args:
            names: Pseudonym -> the place of the person, and the robot.
        """
        self.names = names
        told = sorted(names)
        self._told = pa.array(told, pa.string())
        self._people = np.array([names[one][0] for one in told], np.int64)
        self._since = np.array([names[one][1].since for one in told], np.int64)

    def robot(self, name: str) -> Robot:
        """Which robot a pseudonym stands for."""
        return self.names[name][1]

    def split(self, rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """Each person's rows, in their order; with the columns `device` and `event_time`."""
        device = rows["device"].combine_chunks().cast(pa.string())
        mine = rows.filter(pc.is_in(device, value_set=self._told))
        if not mine.num_rows:
            return
        which = pc.index_in(mine["device"].cast(pa.string()), value_set=self._told).to_numpy()
        times = mine["event_time"].cast(pa.int64()).to_numpy()
        people = np.where(times >= self._since[which], self._people[which], -1)
        for person in np.unique(people[people >= 0]).tolist():
            yield person, mine.filter(pa.array(people == person))


def owners_of(people: Sequence[Person], names: Mapping[str, Sequence[str]]) -> Owners:
    """Whose rows are under which pseudonym.

    Args:
        people: Those who ask.
        names: Device id -> its pseudonyms.
    """
    return Owners(
        {
            name: (place, robot)
            for place, person in enumerate(people)
            for robot in person.robots
            for name in names[robot.device]
        }
    )
