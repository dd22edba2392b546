"""A policy file as a value: read once, checked as a whole, and never changed."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, get_args

import msgspec

from schemas.errors import PolicyError
from schemas.policies.answering import (
    Attested,
    Incident,
    Minimisation,
    Recipients,
    Review,
    Right,
    Versions,
)
from schemas.policies.clause import Clause, OutOfScope
from schemas.policies.collecting import Binding, Collection, Consent, Exclusion, MapGate
from schemas.policies.columns import ALL_COLUMNS, COLLECTED_COLUMNS, NEEDED_COLUMNS, expand
from schemas.policies.keeping import Hold, Permanent, Residence, Retention, Storage, Transport
from schemas.tables import MAP_TILES, TABLES

AnyClause = (
    Collection
    | Exclusion
    | Consent
    | Binding
    | MapGate
    | Retention
    | Permanent
    | Hold
    | Residence
    | Transport
    | Storage
    | Recipients
    | Right
    | Minimisation
    | Review
    | Incident
    | Versions
    | Attested
)
KINDS: Mapping[str, type[Clause]] = {
    kind.__struct_config__.tag: kind for kind in get_args(AnyClause)
}
"""Every kind of clause, as files name it."""

_OneKind = TypeVar("_OneKind", bound=Clause)


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says above its clauses."""

    vendor: str
    maker: str
    published_at: str
    published: str
    edition: int
    clauses: list[dict[str, Any]]
    out_of_scope: list[OutOfScope] = []


@dataclass(frozen=True, slots=True)
class Policy:
    """What one maker promised.

    Attributes:
        vendor: As registrations name it.
        published: The published policy's version.
        edition: Of our file on it, from 1.
    """

    vendor: str
    maker: str
    published_at: str
    published: str
    edition: int
    clauses: tuple[Clause, ...]
    out_of_scope: tuple[OutOfScope, ...]

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """Read a policy file.

        Args:
            text: TOML.
            file: Its name, for errors.

        Raises:
            PolicyError: Names the file, the clause, and what is wrong with it.
        """
        try:
            head = msgspec.convert(tomllib.loads(text), _Head)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise PolicyError(f"{file}: {error}") from None
        clauses = tuple(_clause(raw, number, file) for number, raw in enumerate(head.clauses, 1))
        policy = cls(
            head.vendor,
            head.maker,
            head.published_at,
            head.published,
            head.edition,
            clauses,
            tuple(head.out_of_scope),
        )
        for clause, what in _mistakes(policy):
            raise PolicyError(f"{file}: {clause}: {what}")
        return policy

    @property
    def version(self) -> str:
        """What receipts say that records were judged by: the published version and our edition."""
        return f"{self.published}.{self.edition}"

    def of_kind(self, kind: type[_OneKind]) -> tuple[_OneKind, ...]:
        """The clauses of a kind, in the file's order."""
        return tuple(clause for clause in self.clauses if isinstance(clause, kind))

    def kinds(self) -> tuple[str, ...]:
        """Each clause's kind, in the file's order."""
        return tuple(clause.kind for clause in self.clauses)

    def collections(self) -> dict[str, Collection]:
        """Column, `table.name` -> the clause that lets it hold a value."""
        return {
            column: clause
            for clause in self.of_kind(Collection)
            for name in clause.columns
            for column in expand(name)
        }


def _clause(raw: dict[str, Any], number: int, file: str) -> Clause:
    name = f"clause {raw.get('id', number)}"
    if raw.get("kind") not in KINDS:
        raise PolicyError(f"{file}: {name}: there is no such kind; there are {', '.join(KINDS)}")
    try:
        return msgspec.convert(raw, KINDS[raw["kind"]])
    except msgspec.ValidationError as error:
        raise PolicyError(f"{file}: {name}: {error}") from None


def _mistakes(policy: Policy) -> Iterator[tuple[str, str]]:
    """(clause, what is wrong) of everything that no clause shows on its own."""
    ids = [clause.id for clause in policy.clauses]
    for name in {name for name in ids if ids.count(name) > 1}:
        yield f"clause {name}", "there are two of that name"
    for clause in policy.clauses:
        yield from ((f"clause {clause.id}", what) for what in _nowhere(clause))
    yield from _of_columns(policy)
    if len(policy.of_kind(Retention)) != 1:
        yield "retention", "exactly one clause has to say how long rows are kept"
    for versions in policy.of_kind(Versions):
        if versions.published != policy.published:
            yield f"clause {versions.id}", f"published is not the file's, {policy.published}"


def _of_columns(policy: Policy) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for clause in policy.of_kind(Collection):
        columns = {column for name in clause.columns for column in expand(name)}
        for column in sorted(columns & seen):
            yield f"clause {clause.id}", f"{column} is collected by an earlier clause too"
        seen |= columns
    for column in sorted(NEEDED_COLUMNS - seen):
        yield "collection", f"no clause collects {column}, without which there is no row"


def _nowhere(clause: Clause) -> Iterator[str]:
    """What a clause names and the schemas do not have."""
    if not clause.source:
        yield "it names no section"
    match clause:
        case Collection(columns=columns):
            yield from _no_columns(columns)
        case Consent(tables=tables, columns=columns, reaches_back=reaches_back):
            yield from _not_emptied(columns)
            yield from _not_emptied_later(columns if reaches_back else ())
            yield from _no_tables(tables)
        case MapGate(table=table, fault=fault, columns=columns):
            yield from _no_columns([f"{table}.{fault}"])
            yield from _not_emptied([f"{table}.{name}" for name in columns])
        case Binding(tables=tables) | Retention(tables=tables):
            yield from _no_tables(tables)
        case Minimisation(roles=roles):
            for tables in roles.values():
                yield from _no_tables(tables)
        case _:
            pass


def _no_columns(names: tuple[str, ...] | list[str]) -> Iterator[str]:
    for name in names:
        if not ALL_COLUMNS.issuperset(expand(name)) or not expand(name):
            yield f"there is no column {name}"


def _not_emptied(names: tuple[str, ...] | list[str]) -> Iterator[str]:
    """Columns out of which nobody can take values."""
    yield from _no_columns(names)
    for name in names:
        if name in NEEDED_COLUMNS:
            yield f"no row can be without {name}: withhold the whole record"
        elif name in ALL_COLUMNS - COLLECTED_COLUMNS or expand(name) - {name}:
            yield f"{name} is no column of one table, and cannot be taken out of its rows"


def _not_emptied_later(names: tuple[str, ...]) -> Iterator[str]:
    """Columns out of which values cannot be taken once they are stored."""
    for name in names:
        if name.startswith(f"{MAP_TILES.name}."):
            yield (
                f"tiles are stored packed together, so {name} cannot be taken out of them later: "
                f'say tables = ["{MAP_TILES.name}"], or reaches_back = false'
            )


def _no_tables(names: tuple[str, ...]) -> Iterator[str]:
    yield from (f"there is no table {name}" for name in names if name not in TABLES)
