"""Figures over rows that no single row shows: shares, faults that others know of, small groups."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from jobs.maps.relink import HomeMap
from jobs.verify.rows import homes

_TABLES = """
create table if not exists counted (its_policy text, its_region text, name text, files double);
create table if not exists faults (device text, minute bigint);
create table if not exists claims
    (its_policy text, its_place text, device text, event_us bigint, ingest_us bigint);
create table if not exists cells
    (its_region text, country text, model text, firmware text, latitude float, longitude float,
    device text);
"""
_COUNT = """
insert into counted select its_policy, its_region, $name, sum(its_files)
from asked where its_purpose = 'rows' group by all
"""
_READINGS = """
insert into faults select distinct device, event_us // 60000000 from asked
where fault_kind is not null and fault_kind <> 'none';
insert into cells
select distinct its_region, country, model, firmware, latitude, longitude, device from asked
where its_purpose = 'rows'
"""
_TILES = """
insert into claims select its_policy, its_place, device, min(event_us), max(ingest_us) from asked
where its_purpose = 'rows' and fault is not null and fault <> 'none'
    and list_contains(known_consents, 'telemetry')
group by its_policy, its_place, device, event_us // 60000000
"""
_ALONE = """
with judged as (
    select *, not exists (
        select 1 from faults f where f.device = c.device and f.minute
        between (c.event_us - $within) // 60000000 and (c.event_us + $within) // 60000000
    ) as alone
    from claims c where its_policy = $vendor and event_us >= $since and ingest_us <= $until
), habits as (
    select device from judged group by device
    having count(*) filter (where alone) >= 2
    and count(*) filter (where alone) > count(*) filter (where not alone)
)
select its_place, count(*), count(*) filter (where alone),
    count(*) filter (where alone and device in (select device from habits))
from judged group by its_place order by its_place
"""
K = 5
"""A group of fewer robots gives its members away: the limit of the figures."""

_SMALL = """
select its_region, count(*), count(*) filter (where k < $limit), min(k) from (
    select its_region, count(distinct device) as k from cells
    group by its_region, country, model, firmware, latitude, longitude)
group by its_region order by its_region
"""


@dataclass(frozen=True, slots=True)
class Groups:
    """How many devices share (country, model, firmware, cell) in a region.

    Attributes:
        groups: How many such groups there are.
        small: Those of fewer than five devices.
        smallest: Devices in the smallest.
    """

    groups: int
    small: int
    smallest: int


@dataclass(slots=True)
class Measures:
    """What was counted over all rows that were looked at.

    Attributes:
        rows: (policy's vendor, region, table) -> rows in all, reckoned from the sample.
        groups: By region.
        maps: Of some homes, two each.
    """

    rows: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    groups: Mapping[str, Groups] = field(default_factory=dict)
    maps: tuple[HomeMap, ...] = field(default=(), repr=False)
    _sql: duckdb.DuckDBPyConnection | None = field(default=None, repr=False)

    def alone(
        self, vendor: str, within: int, since: int, until: int
    ) -> list[tuple[str, int, int, int]]:
        """(file, tiles, those whose fault no reading knows of, those of them that are a habit).

        Tiles of a robot in one minute count once. A reading can be rejected on its own, or lie in
        the region that a robot moved away from: it is a habit where that is more than the half of
        what a robot sent, and not once.

        Args:
            within: How far apart a tile and a reading may be, microseconds.
            since: Only tiles from after.
            until: Only tiles that came before.
        """
        if self._sql is None:
            return []
        given = {"vendor": vendor, "within": within, "since": since, "until": until}
        return self._sql.execute(_ALONE, given).fetchall()


def prepare(sql: duckdb.DuckDBPyConnection) -> None:
    """Make what `collect` fills."""
    sql.execute(_TABLES)
    homes.prepare(sql)


def collect(sql: duckdb.DuckDBPyConnection, table: str, seed: int) -> None:
    """Count the rows that are being asked.

    Args:
        seed: The same draws the same homes.
    """
    sql.execute(_COUNT, {"name": table})
    if table == "telemetry":
        sql.execute(_READINGS)
    elif table == "map_tiles":
        sql.execute(_TILES)
        homes.collect(sql, seed)


def take(sql: duckdb.DuckDBPyConnection, other: duckdb.DuckDBPyConnection) -> None:
    """Add what was counted elsewhere."""
    for name in ("counted", "faults", "claims", "cells"):
        sql.register("more", other.sql(f"select * from {name}").to_arrow_table())  # noqa: S608 - our names
        sql.execute(f"insert into {name} select * from more")  # noqa: S608 - our names
    sql.unregister("more")


def measured(sql: duckdb.DuckDBPyConnection) -> Measures:
    """What was counted."""
    counted = sql.execute(
        "select its_policy, its_region, name, sum(files) from counted group by all"
    ).fetchall()
    groups = {
        region: Groups(*rest) for region, *rest in sql.execute(_SMALL, {"limit": K}).fetchall()
    }
    rows = {(one[0], one[1], one[2]): one[3] for one in counted}
    return Measures(rows, groups, homes.mapped_twice(sql), sql)
