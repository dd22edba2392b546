"""The parts of the page under the banner: which lines each has, the worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from jobs.watch.console.lines import Line, line, lines
from jobs.watch.console.view import Level, level_of
from jobs.watch.console.words import number
from jobs.watch.state import Member, PartitionState, State, TableState
from jobs.watch.verdict import Verdict
from jobs.watch.words import counted, duration
from schemas.lineage import Partition
from schemas.tables import DEAD_LETTERS

_SHOWN = 6
_SHOWN_AT_MOST = 60


@dataclass(frozen=True, slots=True)
class Figure:
    """One number at the top of the page."""

    label: str
    value: str
    note: str
    level: Level = Level.GOOD


@dataclass(frozen=True, slots=True)
class Partitions:
    """The partitions: with their history, those that somebody should see; the rest as a list.

    Attributes:
        oldest: The line of the oldest record that waits in any of them.
        shown: Everything that is not well, and what lags most.
        rest: All others.
    """

    oldest: Line
    shown: Sequence[tuple[Level, PartitionState, Line]]
    rest: Sequence[PartitionState]

    @property
    def rest_is_well(self) -> bool:
        """Whether nothing is the matter with any that is not shown."""
        return all(one.verdict is Verdict.OK for one in self.rest)


def figures(state: State) -> Sequence[Figure]:
    """The numbers that sum everything up."""
    return (
        _waiting(state.partitions),
        _oldest(state.partitions),
        _loss(state.partitions),
        _freshness([table for table in state.tables if table.table != DEAD_LETTERS.name]),
        _overdue(state.tables),
        _rejected(state),
    )


def partitions(states: Sequence[State]) -> Partitions:
    """How far every partition is.

    Args:
        states: One or more, the oldest first.
    """
    ordered = sorted(states[-1].partitions, key=lambda one: (-one.verdict, -one.lag_time))
    bad = sum(one.verdict is not Verdict.OK for one in ordered)
    cut = min(max(bad, _SHOWN), _SHOWN_AT_MOST)
    shown = ordered[:cut]
    drawn = lines(states, _lag_seconds, {one.partition for one in shown})
    found = [(level_of(one.verdict), one, drawn[one.partition]) for one in shown]
    rest = sorted(ordered[cut:], key=lambda one: (one.partition.topic, one.partition.number))
    return Partitions(line(states, _oldest_seconds), found, rest)


def tables(states: Sequence[State]) -> Sequence[tuple[Level, TableState, Line]]:
    """How fresh every table is in every region, with history."""
    found = states[-1].tables
    drawn = lines(states, _freshness_seconds, {one.name for one in found})
    return [(_table_level(one), one, drawn[one.name]) for one in found]


def members(state: State) -> Sequence[tuple[Member, str]]:
    """The workers of the group, with how many partitions of which topics each has."""
    group = state.group
    return [(one, _owned(one)) for one in group.members] if group else []


def _waiting(found: Sequence[PartitionState]) -> Figure:
    where = sum(one.lag > 0 for one in found)
    note = (
        f"in {where} of {counted(len(found), 'partition', 'partitions')}"
        if found
        else "Kafka is away"
    )
    return Figure("Records that wait", number(sum(one.lag for one in found)), note)


def _oldest(found: Sequence[PartitionState]) -> Figure:
    worst = max(found, key=lambda one: one.lag_time, default=None)
    if worst is None or not worst.lag:
        return Figure("Oldest waits", "0 s", "nothing waits" if found else "Kafka is away")
    level = level_of(max(one.verdict for one in found))
    return Figure("Oldest waits", duration(worst.lag_time), _place(worst.partition), level)


def _loss(found: Sequence[PartitionState]) -> Figure:
    left = [one for one in found if one.time_to_loss is not None]
    if not left:
        return Figure("Time to data loss", "none", "nothing waits")
    worst = min(left, key=lambda one: one.time_to_loss or timedelta(0))
    time = worst.time_to_loss or timedelta(0)
    level = Level.CRITICAL if time < timedelta(days=1) else Level.GOOD
    return Figure("Time to data loss", duration(time), _place(worst.partition), level)


def _freshness(found: Sequence[TableState]) -> Figure:
    away = [one.name for one in found if not one.answers]
    fresh = [one for one in found if one.freshness is not None]
    worst = max(fresh, key=lambda one: one.freshness or timedelta(0), default=None)
    if worst is None:
        return Figure("Stalest table", "none", "no table has rows")
    level = Level.CRITICAL if away else Level.GOOD
    age = duration(worst.freshness or timedelta(0))
    return Figure("Stalest table", f"{age} old", worst.name, level)


def _overdue(found: Sequence[TableState]) -> Figure:
    files = sum(one.overdue_files for one in found)
    rows = counted(sum(one.overdue_rows for one in found), "row", "rows")
    note = f"whose hour has passed, {rows}" if files else "every row is within its fortnight"
    level = Level.CRITICAL if files else Level.GOOD
    return Figure("Files overdue", number(files), note, level)


def _rejected(state: State) -> Figure:
    total = counted(sum(one.records for one in state.rejected), "record", "records")
    rate = sum(one.a_minute for one in state.rejected)
    return Figure("Dead letters", f"{number(rate)} / min", f"{total} so far")


def _place(partition: Partition) -> str:
    return f"{partition.topic} {partition.number}"


def _owned(member: Member) -> str:
    topics: dict[str, int] = {}
    for topic, _ in member.partitions:
        topics[topic] = topics.get(topic, 0) + 1
    return ", ".join(f"{n} of {topic}" for topic, n in topics.items()) or "none"


def _table_level(table: TableState) -> Level:
    return Level.CRITICAL if not table.answers or table.overdue_files else Level.GOOD


def _oldest_seconds(state: State) -> float | None:
    return max((one.lag_time.total_seconds() for one in state.partitions), default=None)


def _lag_seconds(state: State) -> Iterable[tuple[Partition, float | None]]:
    return ((one.partition, one.lag_time.total_seconds()) for one in state.partitions)


def _freshness_seconds(state: State) -> Iterable[tuple[str, float | None]]:
    for one in state.tables:
        known = one.answers and one.freshness is not None
        yield one.name, one.freshness.total_seconds() if known and one.freshness else None
