"""Clauses on what may be stored at all: columns, consents, and gates that records go through."""

from datetime import timedelta
from typing import Literal

from schemas.policies.clause import Clause
from schemas.tables.devices import ConsentName

Basis = Literal["consent", "contract", "legitimate interest", "legal obligation"]
"""GDPR Art. 6(1)(a), (b), (f), (c)."""

Label = Literal["unknown", "floor", "wall", "segments", "path"]
"""What a cell of a map may be."""


class Collection(Clause, tag="collection", frozen=True, kw_only=True):
    """Columns that may hold a value, and what for; a column in no such clause is null.

    Attributes:
        columns: `telemetry.status`, `devices.account` (a registration's field), or `*.device`:
            of every table that has it.
        purpose: As the notice tells it.
        basis: Why that is lawful.
    """

    columns: tuple[str, ...]
    purpose: str
    basis: Basis


class Exclusion(Clause, tag="exclusion", frozen=True, kw_only=True):
    """Fields that no record may bring in: they are in no schema, and so never decoded."""

    fields: tuple[str, ...]


class Consent(Clause, tag="consent", frozen=True, kw_only=True):
    """A use to which the owner says yes or no.

    Attributes:
        item: As registrations name it.
        tables: Their records are withheld without it.
        columns: `telemetry.latitude`: they are null without it, and the record goes on. Of map
            tiles only where it does not reach back: they are packed together.
        explicit: Asked for on its own; agreeing to the whole policy is not enough.
        reaches_back: Once it is withdrawn, what was stored under it goes too.
    """

    item: ConsentName
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    explicit: bool = False
    reaches_back: bool = True


class Binding(Clause, tag="binding", frozen=True, kw_only=True):
    """Records of these tables are stored only of a robot that was bound to an account."""

    tables: tuple[str, ...]


class MapGate(Clause, tag="map-gate", frozen=True, kw_only=True):
    """What shows a home is stored only in special cases: when the record itself names a fault.

    Attributes:
        table: Whose records.
        fault: The column that names it; null and `none` name none.
        columns: Withheld without a fault; empty: the whole record is.
        shows: Labels that a stored map has; empty: all.
        share_at_most: Of the maker's readings, as many tiles; more are no special case.
        reported_within: Between such a record and a reading with a fault of the same robot.
    """

    table: str
    fault: str
    columns: tuple[str, ...] = ()
    shows: tuple[Label, ...] = ()
    share_at_most: float | None = None
    reported_within: timedelta | None = None
