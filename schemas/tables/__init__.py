"""One module a table: what a robot sends, what is stored, and the rules between them."""

from schemas.tables.cleaning_history import CLEANING_HISTORY
from schemas.tables.dead_letters import DEAD_LETTERS
from schemas.tables.declare import Table
from schemas.tables.map_tiles import MAP_TILES
from schemas.tables.telemetry import TELEMETRY

TABLES: dict[str, Table] = {
    table.name: table for table in (TELEMETRY, MAP_TILES, CLEANING_HISTORY, DEAD_LETTERS)
}
"""Every table of the lake, by name."""

STREAMED: dict[str, Table] = {table.topic: table for table in TABLES.values() if table.topic}
"""The tables that a topic feeds, by topic."""

__all__ = [
    "CLEANING_HISTORY",
    "DEAD_LETTERS",
    "MAP_TILES",
    "STREAMED",
    "TABLES",
    "TELEMETRY",
    "Table",
]
