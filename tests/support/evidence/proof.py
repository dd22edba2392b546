"""Compares what readers saw with what the oracle decided, one position at a time."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from support.evidence.oracle import Rest
from support.evidence.reader import Follower, Source

DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True, slots=True)
class Log:
    """All that was sent to one partition of one incarnation of a topic.

    Attributes:
        fates: Offset -> how the record has to end.
        rests: Offset -> what has to become of the row, of each that is stored; None where nobody
            knows who took rows away, so that any may be gone.
        start: The first offset that there is to read.
        end: The last offset, or -1.
    """

    topic: str
    topic_id: str
    number: int
    fates: Mapping[int, str]
    start: int = 0
    end: int = -1
    rests: Mapping[int, Rest] | None = None

    @property
    def application_id(self) -> str:
        """As a table's log names it."""
        return f"{self.topic}/{self.topic_id}/{self.number}"

    @property
    def source(self) -> Source:
        """As rows name it."""
        return self.topic_id, self.number

    def ending(self, *fates: str) -> list[int]:
        """The offsets of records that end so (a beginning of the fate is enough), ascending."""
        return sorted(offset for offset, fate in self.fates.items() if fate.startswith(fates))


@dataclass(slots=True)
class Report:
    """What is wrong, and how much of it.

    Attributes:
        rows: Rows that have to be there, and are compared.
        versions: Versions of logs that were compared, each a state that a reader could see.
    """

    rows: int = 0
    versions: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    places: list[str] = field(default_factory=list)

    def count(self, what: str, n: int, where: object) -> None:
        """Count something that is wrong."""
        if n:
            self.wrong[what] += n
            self.places.append(f"{what}: {n} at {where}")

    def check(self) -> None:
        """Fail if anything is wrong, and say where."""
        assert not self.wrong, "\n".join([str(dict(self.wrong)), *self.places[:30]])


def compare(
    tables: Mapping[tuple[str, str], Follower], logs: Iterable[Log], *, complete: bool = True
) -> Report:
    """Compare tables with everything that was sent.

    Args:
        tables: By topic (or DEAD_LETTERS) and region.
        logs: Of every partition, the table's and others'.
        complete: Whether every record has to be there already.
    """
    report = Report()
    logs = list(logs)
    for (topic, region), table in tables.items():
        mine = [log for log in logs if topic in (log.topic, DEAD_LETTERS)]
        fate = "rejected/" if topic == DEAD_LETTERS else f"stored/{region}"
        expected = {log.source: log.ending(fate) for log in mine}
        _compare_rows(report, table, mine, expected, complete=complete)
        _compare_states(report, table, mine, expected)
        _compare_receipts(report, table, mine)
    return report


def _compare_rows(
    report: Report,
    table: Follower,
    logs: list[Log],
    expected: Mapping[Source, list[int]],
    *,
    complete: bool,
) -> None:
    report.count("twice", table.twice.total(), table.name)
    report.count("back from the dead", table.returned.total(), table.name)
    report.count("missing files", len(table.missing), table.name)
    hidden = table.vanished
    report.count("rows of nowhere", len(table.rows.keys() - expected.keys()), table.name)
    ends = table.seen[-1].ends if table.seen else {}
    for log in logs:
        where, end = f"{table.name} {log.application_id}", ends.get(log.application_id, -1)
        rows, gone = table.rows.get(log.source, set()), table.gone.get(log.source, {})
        wanted = {offset for offset in expected[log.source] if complete or offset <= end}
        report.rows += len(wanted)
        report.count("not to be here", len((rows | gone.keys()) - wanted), where)
        if log.rests is None:
            lost = len(wanted - rows - gone.keys())
            report.count("lost", max(lost - hidden, 0), where)
            hidden = max(hidden - lost, 0)
        else:
            _compare_rests(report, log.rests, (wanted & rows, wanted - rows, gone), where)
        if complete:
            report.count("behind", max(log.end - end, 0), where)


def _compare_rests(
    report: Report,
    rests: Mapping[int, Rest],
    found: tuple[set[int], set[int], Mapping[int, str]],
    where: str,
) -> None:
    """Whoever took a row away had the right to, and nobody left one that had to go.

    Args:
        found: Offsets of rows that are there, and that are not; why some of these were taken.
    """
    here, away, gone = found
    may_be_gone = {offset: {rests[offset].taken, *rests[offset].may_be_gone} for offset in away}
    wrong = sum(gone[offset] not in {"", *may_be_gone[offset]} for offset in away & gone.keys())
    report.count("lost", sum(reasons == {""} for reasons in may_be_gone.values()), where)
    report.count("taken for another reason", wrong, where)
    report.count("left, though it had to go", sum(bool(rests[o].taken) for o in here), where)


def _compare_states(
    report: Report, table: Follower, logs: list[Log], expected: Mapping[Source, list[int]]
) -> None:
    """Every state of the table holds just the rows up to where it says it is."""
    report.versions += len(table.seen)
    for seen in table.seen:
        wrong = 0
        for log in logs:
            end = seen.ends.get(log.application_id, -1)
            wanted = bisect_right(expected[log.source], end)
            wrong += abs(wanted - seen.counts.get(log.source, 0))
        where = f"{table.name} {seen.version}"
        report.count("a state not exact", max(wrong - seen.hidden, 0), where)


def _compare_receipts(report: Report, table: Follower, logs: list[Log]) -> None:
    """Spans tile each partition, and their counts are what the oracle says."""
    spans: dict[str, list[tuple[int, int]]] = {log.application_id: [] for log in logs}
    outcomes: dict[str, Counter[str]] = {log.application_id: Counter() for log in logs}
    for span in (span for receipt in table.receipts for span in receipt["spans"]):
        at = span["partition"]
        name = f"{at['topic']}/{at['topic_id']}/{at['number']}"
        spans[name].append((span["span"]["first"], span["span"]["last"]))
        outcomes[name].update(span["outcomes"])
    for log in logs:
        name, reached = log.application_id, log.start
        for first, last in sorted(spans[name]):
            report.count("spans that do not tile", first != reached, f"{table.name} {name}@{first}")
            reached = last + 1
        decided = Counter(fate for offset, fate in log.fates.items() if offset < reached)
        differing = (outcomes[name] - decided) + (decided - outcomes[name])
        where = f"{table.name} {name} {dict(differing)}"
        report.count("receipts that are wrong", differing.total(), where)
