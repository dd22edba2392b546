"""Columns as the schemas declare them, and as a policy's clauses speak of them."""

from collections.abc import Iterator, Mapping

from jobs.verify.promise import Promise
from schemas.policies.collecting import Collection
from schemas.policies.columns import COLLECTED_COLUMNS, expand
from schemas.tables import STREAMED, TABLES

DECLARED: Mapping[str, Mapping[str, str]] = {
    table.name: {field.name: str(field.type) for field in table.schema} for table in TABLES.values()
}
"""Table -> column -> type."""

PSEUDONYMS: Mapping[str, tuple[str, ...]] = {
    table.name: tuple(
        field.name
        for field in table.schema
        if (field.metadata or {}).get(b"privacy") == b"pseudonym"
    )
    for table in TABLES.values()
}
"""Table -> its columns that hold pseudonyms."""

ROBOTS = tuple(table.name for table in STREAMED.values())
"""Tables whose rows are robots'."""

CLOSED_LIST = "closed-list"
"""A promise of every policy that is no clause of its file: what no clause collects is not there."""


def collected(promise: Promise) -> Iterator[tuple[str, str]]:
    """(table, column) of every stored column that a clause collects."""
    if isinstance(promise.clause, Collection):
        for name in promise.clause.columns:
            for one in sorted(expand(name)):
                table, _, column = one.partition(".")
                if table in DECLARED:
                    yield table, column


def not_collected(promise: Promise) -> Iterator[tuple[str, str]]:
    """(table, column) of every stored column that no clause of the policy collects."""
    allowed = promise.policy.collections()
    for one in sorted(COLLECTED_COLUMNS - allowed.keys()):
        table, _, column = one.partition(".")
        yield table, column


def closed_list(promise: Promise) -> bool:
    """Whether it is that promise."""
    return promise.clause.id == CLOSED_LIST


def about(promise: Promise, field: str) -> bool:
    """Whether a clause collects a registration's field."""
    return isinstance(promise.clause, Collection) and f"devices.{field}" in promise.clause.columns
