"""What registrations no longer allow is erased from what is stored.

A worker judges what comes; here the same is done to what came before:

* an account was cancelled: all rows of its devices go;
* a device was bound to somebody: rows of before that go, they are its former owner's;
* a consent was taken back: the rows that it let in go, or the values of its columns.

Looked at is what came within the last fortnight and a day: rows that an older registration forbade
are gone by now. Since when somebody says no is not believed, for rows were stored until we heard of
it. Each run does what the runs before it left, be it what was on its way then. Whose device is
restricted loses nothing until that is lifted; what is held is copied before it goes. Devices are
looked for in every region: who moved has rows where he lived before.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

import pyarrow as pa

from jobs.office import Office
from jobs.rewriting import Found, Selection, find, take_out
from jobs.rewriting.change import Change, change
from jobs.rewriting.selection import Former, WithValues
from jobs.subjects.changes import ITEMS
from jobs.subjects.erase import REASON
from jobs.subjects.estate import Estate
from jobs.subjects.roll import Keeps, Listed, Roll
from schemas.acts import Ground
from schemas.policies import Policies, Policy
from schemas.policies.collecting import Consent
from schemas.retention import FORTNIGHT, moment
from schemas.tables import STREAMED, Table
from schemas.tables.devices import Device
from storage.lake import Destination
from storage.links import drop_links, links_in

ACT = "follow"
LOOKS_BACK = FORTNIGHT + timedelta(days=1)
"""A row is gone after a fortnight; a day for one that was on its way."""


class Why(StrEnum):
    """Why something goes, as the ledger tells it."""

    CANCELLED = "the account was cancelled"
    FORMER = "a former owner's"
    WITHDRAWN = "consent was withdrawn"


@dataclass(frozen=True, slots=True)
class Due:
    """What goes of one table.

    Attributes:
        columns: Only their values go; empty: whole rows.
    """

    why: Why
    table: Table
    selection: Selection
    columns: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """Rows, or values of which columns."""
        return f"rows with {', '.join(self.columns)}" if self.columns else "rows"


Names = Callable[[Iterable[str]], frozenset[str]]
"""Devices -> their pseudonyms in a region, under every live version."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed of a device since a moment, so that something may have to go.

    Attributes:
        bound: When it was bound to whoever has it; None: not since.
        refused: Uses that nobody consents to any more.
    """

    device: str = field(repr=False)
    vendor: str = ""
    is_cancelled: bool = False
    bound: datetime | None = None
    refused: frozenset[str] = frozenset()

    @classmethod
    def of(cls, listed: Listed, since: datetime) -> Self:
        """What is told of a device."""
        came, said = listed.since or since, listed.registration
        if said is None:
            return cls(listed.device, is_cancelled=listed.is_cancelled and came >= since)
        bound = None if said.bound_since is None else moment(said.bound_since)
        return cls(
            listed.device,
            said.vendor,
            bound=bound if bound and bound >= since else None,
            refused=frozenset(ITEMS) - _granted(said) if came >= since else frozenset(),
        )

    def __bool__(self) -> bool:
        """Whether anything may have to go."""
        return bool(self.is_cancelled or self.bound or self.refused)


def concerns(now: datetime) -> Keeps:
    """The devices of which something may have to go."""

    def keeps(listed: Listed) -> bool:
        restricted = listed.mark is not None and listed.mark.restricted
        return not restricted and bool(Changes.of(listed, now - LOOKS_BACK))

    return keeps


def plan(roll: Roll, names: Names, policies: Policies, now: datetime) -> list[Due]:
    """What has to go, as registrations are.

    Args:
        roll: At least of the devices that it `concerns`.
        names: Theirs.
        policies: What consents let in, by maker.
        now: UTC.
    """
    keeps = concerns(now)
    found = [Changes.of(one, now - LOOKS_BACK) for one in roll.devices.values() if keeps(one)]
    cancelled = names(one.device for one in found if one.is_cancelled)
    bounds = {name: one.bound for one in found if one.bound for name in names([one.device])}
    due = []
    for table in STREAMED.values():
        due += [
            Due(Why.CANCELLED, table, Selection(cancelled)),
            Due(Why.FORMER, table, Former.of(bounds)),
            *_withdrawn(found, names, policies, table),
        ]
    return [one for one in due if one.selection.devices]


def _withdrawn(
    found: Sequence[Changes], names: Names, policies: Policies, table: Table
) -> Iterator[Due]:
    refusing: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for one in found:
        for columns in _let_in(policies.of(one.vendor), table, one.refused):
            refusing[columns].append(one.device)
    for columns, devices in sorted(refusing.items()):
        mine = names(devices)
        selection = WithValues(mine, values=columns) if columns else Selection(mine)
        yield Due(Why.WITHDRAWN, table, selection, columns)


def _let_in(
    policy: Policy | None, table: Table, refused: AbstractSet[str]
) -> Iterator[tuple[str, ...]]:
    """What of a table consents let in: columns, or nothing for whole rows."""
    for consent in policy.of_kind(Consent) if policy else ():
        if consent.item in refused and consent.reaches_back:
            if table.name in consent.tables:
                yield ()
            prefix = f"{table.name}."
            columns = [
                one.removeprefix(prefix) for one in consent.columns if one.startswith(prefix)
            ]
            if columns:
                yield tuple(columns)


def _granted(said: Device) -> AbstractSet[str]:
    """Uses that somebody consents to; who said yes and no said no."""
    refused = {one.name for one in said.consents if not one.granted}
    return {one.name for one in said.consents} - refused


@dataclass(frozen=True, slots=True)
class Follower:
    """Erases in one region what is due.

    Attributes:
        office: Whoever runs it, and the ledger that tells it.
    """

    office: Office
    estate: Estate

    def look(self, due: Due) -> Iterator[tuple[Destination, Found]]:
        """Where there is anything of it; changes nothing.

        Raises:
            RetryableError: A store does not answer.
        """
        for destination in self.estate.places:
            if destination.table is due.table:
                found = find(destination, due.selection)
                if found.files:
                    yield destination, found

    def follow(self, due: Due) -> int:
        """Take away what is due, and tell it; how many rows it concerned. Safe to repeat.

        Raises:
            RetryableError: A store does not answer; the next run goes on.
        """
        rows = 0
        for destination, found in self.look(due):
            self._tell(due, "begun", {"files": found.looked_at, "rows": found.rows}, {})
            n = self._take(destination, due)
            self._tell(due, "done", {}, {"rows": n})
            rows += n
        if rows and not due.columns:
            drop_links(self.estate.store, links_in(self.estate.store))
        return rows

    def _take(self, destination: Destination, due: Due) -> int:
        to: dict[str, Any] = {
            "reason": REASON,
            "clock": self.estate.clock,
            "first": self.estate.before(destination),
        }
        if not due.columns:
            return take_out(destination, due.selection, **to).rows
        return change(destination, _without(due), **to).rows

    def _tell(
        self, due: Due, state: str, looked_at: Mapping[str, int], changed: Mapping[str, int]
    ) -> None:
        scope = {"state": state, "why": str(due.why), "table": due.table.name}
        office = self.office
        office.record(
            office.act(ACT, Ground.SCHEDULE, scope=scope, looked_at=looked_at, changed=changed)
        )


def _without(due: Due) -> Change:
    """Rows lose what is in some columns."""

    def to(rows: pa.Table) -> pa.Table:
        for name in due.columns:
            at, kind = rows.schema.get_field_index(name), rows.schema.field(name)
            rows = rows.set_column(at, kind, pa.nulls(rows.num_rows, kind.type))
        return rows

    return Change(due.selection, due.selection.has, to)
