"""Log entries and receipts made of plain outcomes, one a record, from offset zero."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from support.rows import NOW, path_of

from schemas.lineage import Partition, Span
from storage.log import DataFile, LogEntry
from storage.receipts import Receipt, SpanReceipt

PARTITION = Partition("fleet.telemetry", "AAAA", 0)


def receipt(outcomes: Sequence[str], first: int, last: int) -> SpanReceipt:
    """How the records of a span ended."""
    counts = Counter(outcomes[first : last + 1])
    return SpanReceipt(PARTITION, Span(first, last), counts.total(), counts)


def entry(version: int, *spans: SpanReceipt, outcome: str, rows: int | None = None) -> LogEntry:
    """A sink's commit of these spans, with a file of the rows that they have here."""
    said = sum(n for one in spans for how, n in one.outcomes.items() if how.startswith(outcome))
    files = (DataFile(path_of(version), 100, said, NOW),) if said else ()
    return LogEntry(
        version,
        NOW,
        {one.partition.application_id: one.span.last for one in spans},
        files,
        (),
        Receipt(spans, rows=said if rows is None else rows),
        "",
        {},
    )


def pin(version: int = 0, start: int = 0) -> LogEntry:
    """The commit that makes the partition known."""
    return LogEntry(version, NOW, {PARTITION.application_id: start - 1}, (), (), None, "", {})


def log(outcomes: Sequence[str], cuts: Sequence[int], *, outcome: str) -> list[LogEntry]:
    """A destination's log: a pin, and a commit for each span that ends before a cut."""
    firsts = [0, *cuts]
    lasts = [cut - 1 for cut in cuts]
    return [
        pin(),
        *(
            entry(version, receipt(outcomes, first, last), outcome=outcome)
            for version, (first, last) in enumerate(zip(firsts, lasts, strict=False), start=1)
        ),
    ]


def rewrite(
    version: int, gone: Sequence[DataFile], rows: int, *, reason: str = "compact"
) -> LogEntry:
    """A commit that replaces files by one with so many rows."""
    path = path_of(int(UUID(int=1000 + version)), expires=gone[0].path.expires)
    added = (DataFile(path, 100, rows, NOW),) if rows else ()
    removed = tuple(file.path for file in gone)
    return LogEntry(version, NOW, {}, added, removed, None, reason, {})
