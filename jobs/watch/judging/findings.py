"""From what is known to what somebody has to look at: rules, one a kind of trouble.

Causes come before what follows from them: places, the group, partitions, tables.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from jobs.watch.places.rejections import Flood
from jobs.watch.problems import Problem, Runbook
from jobs.watch.reach import Place, Reach
from jobs.watch.state import Group, PartitionState, State, TableState
from jobs.watch.verdict import Verdict, summed
from jobs.watch.words import counted

_PAGES = {
    Verdict.WARN: Runbook.PARTITION_SLOW,
    Verdict.ERR: Runbook.DATA_LOSS,
    Verdict.STOP: Runbook.PARTITION_STUCK,
    Verdict.STALL: Runbook.PARTITION_STUCK,
    Verdict.REWIND: Runbook.OFFSETS_REWOUND,
}
_AWAY = {
    Place.KAFKA: (Runbook.KAFKA_AWAY, Verdict.ERR),
    Place.REGION: (Runbook.REGION_AWAY, Verdict.ERR),
    Place.WORKER: (Runbook.WORKER_AWAY, Verdict.WARN),
}

FLOOD_SHARE, FLOOD_RECORDS = 0.25, 20
"""More than this share of a minute's records rejected, half of what stops a worker; and not few."""


def find(
    state: State, floods: Iterable[Flood], before: Iterable[Problem] = ()
) -> tuple[Problem, ...]:
    """What is wrong, the worst first, and causes before what follows from them.

    Args:
        state: Everything else that is known.
        floods: Of each topic.
        before: What was wrong the last time: a problem that goes on keeps its `since`.
    """
    since = {(one.runbook, one.place): one.since for one in before}
    found = [
        replace(one, since=since.get((one.runbook, one.place), one.since))
        for one in _all(state, floods)
    ]
    return tuple(sorted(found, key=lambda one: -summed([one.verdict])))


def _all(state: State, floods: Iterable[Flood]) -> Iterator[Problem]:
    yield from _of_reaches(state.reaches, state.cluster)
    if state.group:
        yield from _of_group(state.group, state.now)
    yield from _of_partitions(state.partitions, state.now)
    yield from _of_tables(state.tables, state.now)
    for breach in state.breaches:
        place, _, what = breach.partition(": ")
        sentence = f"receipts do not cover what was read: {what}"
        yield Problem(Runbook.COVERAGE_BROKEN, Verdict.ERR, place, sentence, state.now)
    for one in floods:
        if one.share > FLOOD_SHARE and one.records >= FLOOD_RECORDS:
            words = f"{one.share:.0%} of {one.topic}'s last records are rejected: {one.reason}"
            yield Problem(Runbook.DEAD_LETTERS, Verdict.WARN, one.topic, words, state.now)


def _of_reaches(reaches: Iterable[Reach], cluster: str) -> Iterator[Problem]:
    for one in reaches:
        if not one.answers:
            runbook, verdict = _AWAY[one.kind]
            name = f"Kafka at {cluster}" if one.kind is Place.KAFKA else f"{one.kind} {one.name}"
            words = f"{name} does not answer: {one.problem}"
            yield Problem(runbook, verdict, one.name, words, one.since)


def _of_group(group: Group, now: datetime) -> Iterator[Problem]:
    if not group.members:
        words = f"no worker is in group {group.name}: nothing is read"
        yield Problem(Runbook.WORKER_AWAY, Verdict.ERR, group.name, words, now)


def _of_partitions(partitions: Iterable[PartitionState], now: datetime) -> Iterator[Problem]:
    for one in partitions:
        if one.verdict is not Verdict.OK:
            place, since = str(one.partition), now - one.lag_time
            yield Problem(_PAGES[one.verdict], one.verdict, place, one.sentence, since)
        elif one.lost:
            lost = counted(one.lost, "offset", "offsets")
            words = f"Kafka deleted {lost} of {one.partition} before they were read"
            yield Problem(Runbook.DATA_LOSS, Verdict.WARN, str(one.partition), words, now)


def _of_tables(tables: Iterable[TableState], now: datetime) -> Iterator[Problem]:
    for one in tables:
        if one.overdue_files:
            rows = counted(one.overdue_rows, "row", "rows")
            words = f"{rows} of {one.name} should be gone and are not"
            yield Problem(Runbook.EXPIRY_LATE, Verdict.ERR, one.name, words, now)
