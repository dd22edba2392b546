"""What a maker's policy asks of one table's records: all that the pipeline is driven by."""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.map_privacy import MapPrivacy
from schemas.policies.collecting import Binding, Consent, MapGate
from schemas.policies.columns import COLLECTED_COLUMNS
from schemas.policies.policy import Policy
from schemas.tables import Table
from schemas.tables.devices import ConsentName

NO_CONSENT = "no consent"
NOT_BOUND = "the device is not bound"
NO_FAULT = "no fault that a map is for"
NOT_COLLECTED = "not collected"

_CONTOUR = {"unknown", "floor", "wall"}


@dataclass(frozen=True, slots=True)
class Blank:
    """Columns that hold no value in some rows.

    Attributes:
        columns: Of the table.
        reason: A fixed phrase: receipts count by it.
        consent: In the rows of those who did not say yes to it; empty: of all.
        fault: In the rows in which this column names no fault; empty: in all.
    """

    columns: tuple[str, ...]
    reason: str
    consent: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Gates:
    """One policy, for one table.

    Attributes:
        consents: Without any of which the record is withheld.
        bound: Withheld unless the device was bound to an account.
        faults: Columns that have to name a fault, or the record is withheld.
        blanks: Columns that are taken out of records that go on.
    """

    consents: tuple[ConsentName, ...] = ()
    bound: bool = False
    faults: tuple[str, ...] = ()
    blanks: tuple[Blank, ...] = ()


def gates(policy: Policy, table: Table) -> Gates:
    """What a policy asks of a table's records."""
    consents = policy.of_kind(Consent)
    map_gates = [gate for gate in policy.of_kind(MapGate) if gate.table == table.name]
    return Gates(
        consents=tuple(one.item for one in consents if table.name in one.tables),
        bound=any(table.name in binding.tables for binding in policy.of_kind(Binding)),
        faults=tuple(gate.fault for gate in map_gates if not gate.columns),
        blanks=tuple(_blanks(policy, table, map_gates)),
    )


def map_privacy(policy: Policy) -> MapPrivacy:
    """How little a stored map of this maker's robots shows, as far as the policy says."""
    shown = [set(gate.shows) for gate in policy.of_kind(MapGate) if gate.shows]
    return MapPrivacy(contour=any(labels <= _CONTOUR for labels in shown))


def _blanks(policy: Policy, table: Table, map_gates: list[MapGate]) -> Iterator[Blank]:
    collected = policy.collections()
    columns = (f"{table.name}.{field.name}" for field in table.schema)
    missing = [name for name in columns if name in COLLECTED_COLUMNS and name not in collected]
    if missing:
        yield Blank(_names(missing, table), NOT_COLLECTED)
    for consent in policy.of_kind(Consent):
        if mine := _names(consent.columns, table):
            yield Blank(mine, NO_CONSENT, consent=consent.item)
    for gate in map_gates:
        if gate.columns:
            yield Blank(gate.columns, NO_FAULT, fault=gate.fault)


def _names(columns: tuple[str, ...] | list[str], table: Table) -> tuple[str, ...]:
    """Those of the table, without its name."""
    prefix = f"{table.name}."
    return tuple(name.removeprefix(prefix) for name in columns if name.startswith(prefix))
