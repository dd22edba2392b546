"""What a core, a worker and a row cost, and by which command that was measured."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from schemas.tables import CLEANING_HISTORY, MAP_TILES, TELEMETRY


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBytes:
    """Bytes of a table.

    Attributes:
        wire: Of a record's value.
        held: Of a record and its row in a worker that waits for a flush.
        file: Of a file with one row: schema, statistics, footer.
        hot: Of each row more, as a flush writes it.
        compacted: The same after compaction.
    """

    wire: float
    held: float
    file: float
    hot: float
    compacted: float


TABLES = {
    TELEMETRY.name: RowBytes(wire=316, held=590, file=12_475, hot=21.4, compacted=2.6),
    MAP_TILES.name: RowBytes(wire=3272, held=7570, file=9292, hot=92.5, compacted=18.8),
    CLEANING_HISTORY.name: RowBytes(wire=293, held=560, file=10_651, hot=70.3, compacted=50.9),
}
"""By table. `wire`, `held`, `file`: an hour of six of the demo's robots, as `fortnight fleet` sends
it and `jobs.costs.hour` stores it. Else: `fortnight bench-compact`, 60 robots, flushes of 10 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a core and a row cost; the defaults are `make bench`'s last run here, see the README.

    Attributes:
        records_per_second: Of readings, one worker on one core.
        tiles_per_second: The same of tiles.
        worker_mb: A worker's resident memory with the default budget, of tiles, which take most.
    """

    records_per_second: float = 191_000.0
    tiles_per_second: float = 20_400.0
    worker_mb: float = 950.0
    tables: Mapping[str, RowBytes]

    @classmethod
    def of(cls, figures: Mapping[str, float]) -> Self:
        """What was measured, where `figures` has it; the rest as it was here.

        Args:
            figures: Of bench, bench-maps and bench-compact, by name.
        """
        # bench.json has the memory of readings only
        found = cls(tables={name: _row_bytes(name, figures) for name in TABLES})
        return replace(
            found,
            records_per_second=figures.get(
                "whole_path_records_per_second", found.records_per_second
            ),
            tiles_per_second=figures.get("whole_path_tiles_per_second", found.tiles_per_second),
            worker_mb=max(found.worker_mb, figures.get("whole_path_rss_mb", 0)),
        )


def _row_bytes(name: str, figures: Mapping[str, float]) -> RowBytes:
    known = TABLES[name]
    hot, compacted = known.hot, known.compacted
    if name == MAP_TILES.name:
        hot = figures.get("hot_bytes_per_row", hot)
        compacted = figures.get("compacted_bytes_per_row", compacted)
    return replace(
        known,
        hot=_beside_files(name, "before", figures, known) or hot,
        compacted=_beside_files(name, "after", figures, known) or compacted,
    )


def _beside_files(name: str, when: str, figures: Mapping[str, float], known: RowBytes) -> float:
    """Bytes a row more than what its file costs anyhow; 0 where it was not measured."""
    rows = figures.get(f"{name}_rows", 0)
    if not rows:
        return 0.0
    size, files = (figures.get(f"{name}_{when}_{unit}", 0) for unit in ("bytes", "objects"))
    return max(0.0, size - files * known.file) / rows
