"""The columns that policies speak of: those of streamed tables, and a registration's fields."""

import msgspec

from schemas.privacy import Privacy, privacy_of
from schemas.tables import STREAMED
from schemas.tables.declare import DEVICE
from schemas.tables.devices import Device

REGISTRATIONS = "devices"
"""Instead of a table's name: what is kept on the topic, and read into the registry."""

_STORED = {
    f"{table.name}.{field.name}": (table, field)
    for table in STREAMED.values()
    for field in table.schema
}

COLLECTED_COLUMNS = frozenset(
    name for name, (_, field) in _STORED.items() if privacy_of(field) is not Privacy.LINEAGE
)
"""Columns of tables that say something of a person or robot: null where no clause collects them."""

ALL_COLUMNS = COLLECTED_COLUMNS | {
    f"{REGISTRATIONS}.{field.name}" for field in msgspec.structs.fields(Device)
}
"""Every column that a clause may name."""

NEEDED_COLUMNS = frozenset(
    name
    for name, (table, field) in _STORED.items()
    if name in COLLECTED_COLUMNS
    and (field in DEVICE or field.name in table.sort or privacy_of(field) is Privacy.MAP)
)
"""Columns that every row has a value in, so that a maker's policy has to collect them."""


def expand(name: str) -> frozenset[str]:
    """The columns that a clause's name stands for: itself, or those of all tables for `*.name`."""
    table, _, column = name.partition(".")
    if table != "*":
        return frozenset({name})
    return frozenset(one for one in COLLECTED_COLUMNS if one.partition(".")[2] == column)
