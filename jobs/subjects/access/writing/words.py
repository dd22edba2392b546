"""What tables and columns are, in words for the person they are about.

Purposes and legal bases are those of the robots' makers' policies, units and notes the schemas'.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from schemas.policies import Policy
from schemas.policies.collecting import Collection
from schemas.privacy import Privacy, privacy_of
from schemas.tables import Table
from storage.lake import PLACEMENT

TABLES = {
    "telemetry": ("Readings", "what a robot says of itself every few seconds"),
    "map_tiles": ("Maps", "pieces of a robot's floor plan, in each of their versions"),
    "cleaning_history": ("Cleanings", "one line for each finished cleaning"),
}
"""Table -> what it is called, and what it is."""

SHELVES = {
    "rows": "What is kept and used",
    "restricted": "What is kept, and not used, because you asked for that",
    "held": "What is kept longer, because the law or a dispute needs it",
}
"""Where rows lie -> what that means."""

_KINDS = (
    (pa.types.is_string, "text"),
    (pa.types.is_boolean, "yes or no"),
    (pa.types.is_timestamp, "time"),
    (pa.types.is_floating, "number"),
    (pa.types.is_integer, "whole number"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column in words.

    Attributes:
        kind: What its values are.
        purposes: What it is kept for, and on which legal basis; none: it is not kept at all.
        note: What else is to be known.
    """

    name: str
    kind: str
    unit: str
    purposes: Sequence[str]
    note: str


def columns(table: Table, policies: Iterable[Policy]) -> list[Column]:
    """A table's columns, under the policies of the makers of somebody's robots."""
    collections = [policy.collections() for policy in policies]
    fields = [*table.schema, *PLACEMENT]
    return [_column(field, f"{table.name}.{field.name}", collections) for field in fields]


def _column(field: pa.Field, name: str, collections: Sequence[dict[str, Collection]]) -> Column:
    told = {key.decode(): text.decode() for key, text in field.metadata.items()}
    found = [known[name] for known in collections if name in known]
    purposes = sorted({f"{one.purpose} ({one.basis})" for one in found})
    if privacy_of(field) is Privacy.LINEAGE or field in PLACEMENT:
        purposes = [told["purpose"]]
    return Column(field.name, _kind(field.type), told.get("unit", ""), purposes, _note(told))


def _note(told: dict[str, str]) -> str:
    if told["privacy"] == Privacy.PSEUDONYM:
        return "a code that stands for the name that your robot gave"
    return told.get("note", told["purpose"])


def _kind(kind: pa.DataType) -> str:
    return next((word for fits, word in _KINDS if fits(kind)), "cells, one after the other")
