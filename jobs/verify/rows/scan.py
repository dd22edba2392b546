"""Rows of many files at once, asked everything in one pass over each table.

Beside its own columns a row has, for questions to use:

    its_place, its_region, its_purpose, its_day, its_expires, its_files    of its path
    its_policy, its_land                      whose policy holds; the region of its country
    event_us, ingest_us                       its clocks, microseconds since 1970 in UTC
    named_in                                  the region in which its device has that name
    known, known_vendor, known_model, known_country, known_region,
    known_bound_since, known_consents, known_cancelled
                                              its device's registration as of its ingest time
    then_restricted, then_stopped, then_erased     the mark as of its ingest time
    now_restricted, now_erased, now_since          the newest mark
    now_consents, now_bound_since, now_cancelled, now_said      the newest registration
    watched_up_to       until when its rows are gone, as a watch entry of its region says
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from jobs.verify.rows import measures
from jobs.verify.rows.facts import Facts
from jobs.verify.rows.question import Answers, Question
from jobs.verify.stored.files import StoredFile
from schemas.tables import TABLES

_VIEW = """
create or replace temp table asked as
select b.*, f.* exclude (its_file),
    coalesce(v.vendor, w.vendor, $default) as its_policy,
    l.region as its_land, n.named_in,
    coalesce(n.named_in = f.its_region and g.device is not null, false) as known,
    g.known_vendor, g.known_model, g.known_country, g.known_region, g.known_bound_since,
    g.known_consents, coalesce(g.known_cancelled, false) as known_cancelled,
    coalesce(t.restricted, false) as then_restricted, coalesce(t.stopped, false) as then_stopped,
    t.erased as then_erased, coalesce(m.restricted, false) as now_restricted,
    m.erased as now_erased, m.since as now_since, o.known_consents as now_consents,
    o.known_bound_since as now_bound_since, coalesce(o.known_cancelled, false) as now_cancelled,
    o.since as now_said, x.watched_up_to
from batch b join files f using (its_file)
left join vendors v on v.vendor = b.vendor
left join countries l on l.country = b.country
left join names n on n.name = b.device
left join registered g on g.device = n.device and b.ingest_us > g.since and b.ingest_us <= g.until
left join vendors w on w.vendor = g.known_vendor
left join marked t on t.device = n.device and b.ingest_us > t.since and b.ingest_us <= t.until
left join marked m on m.device = n.device and m.until = 4611686018427387904
left join registered o on o.device = n.device and o.until = 4611686018427387904
left join watched x on x.name = b.device and x.watched_in = f.its_region
"""
_PLAIN_VIEW = (
    "create or replace temp table asked as select * from batch join files using (its_file)"
)
_FILES = pa.schema(
    {
        "its_file": pa.string(),
        "its_place": pa.string(),
        "its_region": pa.string(),
        "its_purpose": pa.string(),
        "its_day": pa.int64(),
        "its_expires": pa.int64(),
        "its_files": pa.float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file's bytes where DuckDB can read them.

    Attributes:
        purpose: Of its bucket.
        files: How many files of its stratum it stands for.
    """

    file: StoredFile
    path: Path
    purpose: str
    files: float = 1.0


class Scan:
    """Asks rows; one thread's."""

    def __init__(
        self,
        facts: Facts,
        regions: Sequence[str],
        questions: Sequence[Question],
        *,
        spill: Path,
        seed: int = 0,
        memory: str = "512MB",
    ) -> None:
        """Make the tables of what is known.

        Args:
            spill: A folder for what does not fit into memory.
            seed: Draws what figures look at more closely.
        """
        self.answers = Answers()
        self._facts = facts
        self._seed = seed
        self._questions: Mapping[str, list[Question]] = {
            table: [one for one in questions if one.table == table] for table in TABLES
        }
        self.sql = duckdb.connect(":memory:")
        self.sql.execute(f"set memory_limit = '{memory}'; set temp_directory = '{spill}'")
        self.sql.execute("set threads = 2; set preserve_insertion_order = false")
        facts.load(self.sql, regions)
        measures.prepare(self.sql)

    def ask(self, table: str, spooled: Sequence[Spooled]) -> None:
        """Ask the rows of some files of one table; a file that cannot be read is told of."""
        try:
            self._load(table, spooled)
            answers = self._answers(table)
            if _tells_devices(table):
                self._measure(table)
        except duckdb.Error:  # one is damaged, or has a column of a type that nobody declared
            if len(spooled) == 1:
                self.answers.unread[spooled[0].file.place] = "its rows cannot be read"
                return
            for one in spooled:
                self.ask(table, [one])
        else:
            self._take(table, answers)

    def _load(self, table: str, spooled: Sequence[Spooled]) -> None:
        files = pa.Table.from_pylist(list(map(_described, spooled)), schema=_FILES)
        self.sql.register("spooled", files)
        self.sql.execute("create or replace temp table files as select * from spooled")
        paths = [str(one.path) for one in spooled]
        self.sql.execute(
            "create or replace temp table found as select * from "
            "read_parquet($paths, union_by_name = true, filename = 'its_file')",
            {"paths": paths},
        )
        has = {name for name, *_ in self.sql.execute("describe found").fetchall()}
        extra = [*_clocks(has), *_missing(table, has)]
        chosen = ", ".join(["*", *extra])  # names of our own schemas
        self.sql.execute(
            f"create or replace temp table batch as select {chosen} from found"  # noqa: S608
        )
        if _tells_devices(table):
            self.sql.execute(_VIEW, {"default": self._facts.default})
        else:
            self.sql.execute(_PLAIN_VIEW)

    def _asked(self, table: str) -> list[Question]:
        return [one for one in self._questions[table] if self._facts.is_known or not one.registry]

    def _answers(self, table: str) -> list[tuple[Any, ...]]:
        """(file, its rows, and of each question how many it is about and how many break it)."""
        counts = [
            text
            for one in self._asked(table)
            for text in (
                f"count(*) filter (where {one.of})",
                f"count(*) filter (where ({one.of}) and ({one.broken}))",
            )
        ]
        chosen = ", ".join(["its_place", "count(*)", *counts])
        return self.sql.execute(
            f"select {chosen} from asked group by its_place order by its_place"  # noqa: S608
        ).fetchall()

    def _measure(self, table: str) -> None:
        """Count for the figures all of it, or nothing."""
        self.sql.begin()
        try:
            measures.collect(self.sql, table, self._seed)
        except duckdb.Error:
            self.sql.rollback()
            raise
        self.sql.commit()

    def _take(self, table: str, answers: Iterable[tuple[Any, ...]]) -> None:
        asked = self._asked(table)
        for place, rows, *numbers in answers:
            self.answers.rows[table] += rows
            for one, about, broken in zip(asked, numbers[::2], numbers[1::2], strict=True):
                self.answers.take(one, place, about, broken)


def _tells_devices(table: str) -> bool:
    """Whether its rows are about devices; dead letters are about positions."""
    return "device" in TABLES[table].schema.names


def _described(one: Spooled) -> dict[str, object]:
    file = one.file
    return {
        "its_file": str(one.path),
        "its_place": file.place,
        "its_region": file.region,
        "its_purpose": one.purpose,
        "its_day": file.date.toordinal() - _EPOCH,
        "its_expires": int(file.expires.timestamp()) * 1_000_000,
        "its_files": one.files,
    }


_EPOCH = 719_163
"""1970-01-01 as `date.toordinal` counts."""


def _clocks(has: set[str]) -> list[str]:
    return [
        f"epoch_us({name}) as {short}" if name in has else f"null::bigint as {short}"
        for name, short in (("event_time", "event_us"), ("ingest_time", "ingest_us"))
    ]


def _missing(table: str, has: set[str]) -> list[str]:
    """Columns that no file has: null, as a reader sees them; footers tell of them."""
    return [
        f"null::{_DUCK.get(str(field.type), 'varchar')} as {field.name}"
        for field in TABLES[table].schema
        if field.name not in has
    ]


_DUCK = {
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float": "float",
    "bool": "boolean",
    "binary": "blob",
    "timestamp[us, tz=UTC]": "timestamptz",
}
