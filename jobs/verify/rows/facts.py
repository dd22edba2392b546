"""What is known besides the rows, as tables that SQL can join: names, registrations, countries."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import duckdb
import pyarrow as pa

from jobs.verify.rows.names import Namer
from jobs.verify.rows.registry import Marked, Registered, Registry
from jobs.verify.rows.watched import Watched
from schemas.keyring import Keyring
from schemas.regions import Region

_REGISTERED = pa.schema(
    {
        "device": pa.int64(),
        "since": pa.int64(),
        "until": pa.int64(),
        "known_vendor": pa.string(),
        "known_model": pa.string(),
        "known_country": pa.string(),
        "known_region": pa.string(),
        "known_bound_since": pa.int64(),
        "known_consents": pa.list_(pa.string()),
        "known_cancelled": pa.bool_(),
    }
)
_MARKED = pa.schema(
    {
        "device": pa.int64(),
        "since": pa.int64(),
        "until": pa.int64(),
        "restricted": pa.bool_(),
        "stopped": pa.bool_(),
        "erased": pa.int64(),
    }
)
_NAMES = pa.schema({"name": pa.string(), "device": pa.int64(), "named_in": pa.string()})
_WATCHED = pa.schema({"name": pa.string(), "watched_in": pa.string(), "watched_up_to": pa.int64()})
_AT_ONCE = 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Kind = TypeVar("_Kind", Registered, Marked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What rows are compared with.

    Attributes:
        vendors: Makers that have a policy.
        default: Whose policy holds for the others; empty: nobody's.
        countries: Country -> region.
        registry: None: it could not be read.
        keyring: None: it is not at hand; then no row's device is known.
        watched: Region -> what its watch entries say.
    """

    vendors: Sequence[str]
    default: str
    countries: Mapping[str, str]
    registry: Registry | None = None
    keyring: Keyring | None = field(default=None, repr=False)
    watched: Mapping[str, Watched] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether rows can be asked who their device is."""
        return self.registry is not None and self.keyring is not None

    def load(self, connection: duckdb.DuckDBPyConnection, regions: Sequence[str]) -> None:
        """Make the tables."""
        vendors = pa.table({"vendor": list(self.vendors)}, pa.schema({"vendor": pa.string()}))
        countries = pa.table(
            {"country": list(self.countries), "region": list(self.countries.values())}
        )
        _fill(connection, "vendors", [vendors], vendors.schema)
        _fill(connection, "countries", [countries], countries.schema)
        registry = self.registry or Registry((), ())
        registered = _tables(registry.registered, self._registration, _REGISTERED)
        _fill(connection, "registered", registered, _REGISTERED)
        _fill(connection, "marked", _tables(registry.marked, _mark, _MARKED), _MARKED)
        _fill(connection, "names", self._names(registry, regions), _NAMES)
        _fill(connection, "watched", self._watched(), _WATCHED)

    def _registration(self, one: Registered) -> dict[str, object]:
        return {
            "device": one.device,
            "since": one.since,
            "until": one.until,
            "known_vendor": one.vendor,
            "known_model": one.model,
            "known_country": one.country,
            "known_region": self.countries.get(one.country),
            "known_bound_since": one.bound_since,
            "known_consents": sorted(one.consents),
            "known_cancelled": one.cancelled,
        }

    def _names(self, registry: Registry, regions: Sequence[str]) -> Iterator[pa.Table]:
        """Every device's pseudonyms, in every region under every version that was not destroyed."""
        for region in regions if self.keyring else ():
            for key in self.keyring.live(Region(region)) if self.keyring else ():
                if key.secret:
                    yield from _named(registry, Namer(key.secret, key.version), region)

    def _watched(self) -> Iterator[pa.Table]:
        for region, said in self.watched.items():
            rows = [
                {"name": name, "watched_in": region, "watched_up_to": _microseconds(up_to)}
                for name, up_to in said.names.items()
            ]
            yield pa.Table.from_pylist(rows, schema=_WATCHED)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _named(registry: Registry, namer: Namer, region: str) -> Iterator[pa.Table]:
    for start in range(0, len(registry.devices), _AT_ONCE):
        some = registry.devices[start : start + _AT_ONCE]
        numbers = range(start, start + len(some))
        columns = [list(map(namer.name, some)), list(numbers), [region] * len(some)]
        yield pa.table(columns, schema=_NAMES)


def _mark(one: Marked) -> dict[str, object]:
    return {name: getattr(one, name) for name in _MARKED.names}


def _tables(
    found: Sequence[_Kind], row: Callable[[_Kind], dict[str, object]], schema: pa.Schema
) -> Iterator[pa.Table]:
    for start in range(0, len(found), _AT_ONCE):
        yield pa.Table.from_pylist(list(map(row, found[start : start + _AT_ONCE])), schema=schema)


def _fill(
    connection: duckdb.DuckDBPyConnection, name: str, parts: Iterable[pa.Table], schema: pa.Schema
) -> None:
    connection.register("part", schema.empty_table())
    connection.execute(f"create table {name} as select * from part")  # noqa: S608 - our names
    for part in parts:
        connection.register("part", part)
        connection.execute(f"insert into {name} select * from part")  # noqa: S608 - our names
    connection.unregister("part")
