"""A state as Prometheus wants it: by names that existing dashboards know, and by ours."""

from collections import defaultdict
from collections.abc import Iterable

from jobs.watch.problems import Runbook
from jobs.watch.state import Group, PartitionState, State, TableState
from schemas.exposition import format_text
from schemas.metrics import (
    BREACHES,
    DEAD_LETTERS_SEEN,
    FRESHNESS,
    GROUP_STATUS,
    KAFKA_EARLIEST,
    KAFKA_LAG,
    KAFKA_LAG_SECONDS,
    KAFKA_LATEST,
    KAFKA_MAX_LAG,
    KAFKA_MAX_LAG_SECONDS,
    KAFKA_OFFSET,
    KAFKA_SUM_LAG,
    KAFKA_TOPIC_SUM_LAG,
    LOOK_SECONDS,
    LOOKED_AT,
    MEMBERS,
    OLDEST_ROW,
    OVERDUE_FILES,
    OVERDUE_ROWS,
    PARTITION_COMMIT_AGE,
    PARTITION_LAG,
    PARTITION_LOSS_SECONDS,
    PARTITION_LOST,
    PARTITION_STATUS,
    PROBLEMS,
    REACHABLE,
    REBALANCES,
    TABLE_BYTES,
    TABLE_FILES,
    TABLE_ROWS,
    TABLE_VERSION,
    WATCH_METRICS,
    Metric,
)

Numbers = dict[Metric, dict[tuple[str, ...], float]]

_SIMPLE = "false"
"""Of kafka-lag-exporter's label `is_simple_consumer`: workers are assigned by their group."""


def exposition(state: State | None) -> str:
    """Everything that a state says, in Prometheus' text format.

    What is not known has no number, rather than an old one.

    Args:
        state: None before the first look.
    """
    return format_text(numbers(state) if state else {}, WATCH_METRICS)


def numbers(state: State) -> Numbers:
    """Metric -> labels' values -> number."""
    found: Numbers = defaultdict(dict)
    found[LOOK_SECONDS][()] = state.took.total_seconds()
    found[LOOKED_AT][()] = state.now.timestamp()
    found[BREACHES][()] = len(state.breaches)
    for reach in state.reaches:
        found[REACHABLE][reach.kind, reach.name] = float(reach.answers)
    for page in Runbook:
        found[PROBLEMS][page,] = sum(one.runbook is page for one in state.problems)
    for one in state.rejected:
        found[DEAD_LETTERS_SEEN][one.topic, one.reason] = one.records
    for table in state.tables:
        _add_table(found, table, state)
    if state.group:
        _add_group(found, state.group, state)
        _add_sums(found, state.group.name, state)
    return found


def _add_table(found: Numbers, table: TableState, state: State) -> None:
    place = table.table, table.region
    found[TABLE_VERSION][place] = table.version
    found[TABLE_FILES][place] = table.files
    found[TABLE_ROWS][place] = table.rows
    found[TABLE_BYTES][place] = table.size
    found[OVERDUE_FILES][place] = table.overdue_files
    found[OVERDUE_ROWS][place] = table.overdue_rows
    if table.freshness is not None:
        found[FRESHNESS][place] = table.freshness.total_seconds()
    if table.oldest is not None:
        found[OLDEST_ROW][place] = (state.now - table.oldest).total_seconds()


def _add_group(found: Numbers, group: Group, state: State) -> None:
    found[MEMBERS][group.name,] = len(group.members)
    found[REBALANCES][group.name,] = group.rebalances
    found[GROUP_STATUS][group.name,] = group.verdict
    clients = {one.consumer_id: one.client_id for one in group.members}
    for one in state.partitions:
        topic, number = one.partition.topic, str(one.partition.number)
        found[KAFKA_LATEST][state.cluster, topic, number] = one.end
        found[KAFKA_EARLIEST][state.cluster, topic, number] = one.begin
        owned = (group.name, topic, number, one.host, one.owner, clients.get(one.owner, ""))
        _add_partition(found, (state.cluster, *owned), one)


def _add_partition(found: Numbers, owned: tuple[str, ...], one: PartitionState) -> None:
    place = owned[1:4]
    found[KAFKA_LAG_SECONDS][owned] = one.lag_time.total_seconds()
    if one.group_offset is not None and one.group_lag is not None:
        found[KAFKA_OFFSET][owned] = one.group_offset
        found[KAFKA_LAG][owned] = one.group_lag
    found[PARTITION_STATUS][place] = one.verdict
    found[PARTITION_LAG][place] = one.lag
    found[PARTITION_LOST][place] = one.lost
    if one.time_to_loss is not None:
        found[PARTITION_LOSS_SECONDS][place] = one.time_to_loss.total_seconds()
    if one.commit_age is not None:
        found[PARTITION_COMMIT_AGE][place] = one.commit_age.total_seconds()


def _add_sums(found: Numbers, group: str, state: State) -> None:
    lags = [(one.partition.topic, one.group_lag or 0) for one in state.partitions]
    place = state.cluster, group
    found[KAFKA_MAX_LAG][*place, _SIMPLE] = _largest(lag for _, lag in lags)
    found[KAFKA_MAX_LAG_SECONDS][*place, _SIMPLE] = _largest(
        one.lag_time.total_seconds() for one in state.partitions
    )
    found[KAFKA_SUM_LAG][place] = sum(lag for _, lag in lags)
    for topic in sorted({topic for topic, _ in lags}):
        found[KAFKA_TOPIC_SUM_LAG][*place, topic] = sum(lag for of, lag in lags if of == topic)


def _largest(numbers: Iterable[float]) -> float:
    return max(numbers, default=0.0)
