"""What is on the dashboards, panel by panel, in PromQL."""

from collections.abc import Sequence
from dataclasses import dataclass

_FORTNIGHT_SECONDS = 14 * 24 * 3600
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture of numbers.

    Attributes:
        unit: Grafana's name of it.
        queries: (PromQL, legend).
        meaning: What somebody should read out of it.
        kind: Grafana's: timeseries, stat, state-timeline.
        width: Of 24 columns.
        limit: Red from here on; None: never.
        limit_is_least: Red below it instead.
        words: (value, text, colour) of numbers that stand for words.
    """

    title: str
    unit: str
    queries: Sequence[tuple[str, str]]
    meaning: str
    kind: str = "timeseries"
    width: int = 8
    limit: float | None = None
    limit_is_least: bool = False
    words: Sequence[tuple[str, str, str]] = ()


_VERDICTS = (
    ("1", "OK", "green"),
    ("2", "WARN", "yellow"),
    ("3", "ERR", "red"),
    ("4", "STOP", "red"),
    ("5", "STALL", "red"),
    ("6", "REWIND", "purple"),
)
_ANSWERS = (("0", "away", "red"), ("1", "answers", "green"))
_PLACE = "{{table}} in {{region}}"
_PARTITION = "{{topic}} {{partition}}"


def _a_second(metric: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}[2m]))"


def _each(amount: str, of: str, by: str) -> str:
    return f"{_a_second(amount, by)} / ({_a_second(of, by)} > 0)"


INGESTION = (
    Panel(
        "Problems",
        "none",
        [("sum(fortnight_problems)", "problems")],
        "What somebody has to look at; the console says what, since when, and what to do.",
        kind="stat",
        width=4,
        limit=1,
    ),
    Panel(
        "Oldest record that waits",
        "s",
        [("max(kafka_consumergroup_group_max_lag_seconds)", "oldest")],
        "True seconds: the age of the first record that is not durable everywhere.",
        kind="stat",
        width=5,
    ),
    Panel(
        "Time to data loss",
        "s",
        [("min(fortnight_partition_loss_seconds) or vector(Inf)", "at worst")],
        "Until Kafka may delete a record that waits; infinite where none waits.",
        kind="stat",
        width=5,
        limit=_DAY_SECONDS,
        limit_is_least=True,
    ),
    Panel(
        "Workers in the group",
        "none",
        [("sum by (group) (fortnight_group_members)", "{{group}}")],
        "Members as Kafka knows them.",
        kind="stat",
        width=5,
        limit=1,
        limit_is_least=True,
    ),
    Panel(
        "The group",
        "none",
        [("fortnight_group_status", "{{group}}")],
        "The worst of its partitions, as Burrow sums them up.",
        kind="stat",
        width=5,
        words=_VERDICTS[:3],
    ),
    Panel(
        "Who answers",
        "none",
        [("fortnight_reachable", "{{kind}} {{name}}")],
        "Kafka, every region's store, every worker.",
        kind="state-timeline",
        words=_ANSWERS,
    ),
    Panel(
        "Verdict of each partition",
        "none",
        [("fortnight_partition_status", _PARTITION)],
        "STOP: its owner makes nothing durable. STALL: its owner moves other partitions.",
        kind="state-timeline",
        width=16,
        words=_VERDICTS,
    ),
    Panel(
        "Lag in seconds",
        "s",
        [
            (
                "max by (topic, partition) (kafka_consumergroup_group_lag_seconds)",
                _PARTITION,
            )
        ],
        "True seconds: 0 where nothing waits.",
    ),
    Panel(
        "Records that wait",
        "short",
        [("sum by (topic, partition) (fortnight_partition_lag)", _PARTITION)],
        "What the slowest destination does not hold.",
    ),
    Panel(
        "Lag as Kafka's group claims it",
        "short",
        [
            ("sum by (topic, partition) (kafka_consumergroup_group_lag)", _PARTITION),
            ("max(kafka_consumergroup_group_max_lag)", "the largest"),
            ("sum(kafka_consumergroup_group_sum_lag)", "all"),
            ("sum by (topic) (kafka_consumergroup_group_topic_sum_lag)", "{{topic}}"),
        ],
        "Committed offsets are claims, for displays; what counts is what is durable.",
    ),
    Panel(
        "Records published a second",
        "cps",
        [(_a_second("kafka_partition_latest_offset", "topic"), "{{topic}}")],
        "By the growth of the latest offsets.",
    ),
    Panel(
        "Records read a second",
        "cps",
        [
            (_a_second("fortnight_records_read_total", "topic"), "{{topic}}"),
            (_a_second("kafka_consumergroup_group_offset", "topic"), "{{topic}}, committed"),
        ],
        "By the workers' own count, and by what the group has committed.",
    ),
    Panel(
        "Bytes read a second",
        "Bps",
        [(_a_second("fortnight_read_bytes_total", "topic"), "{{topic}}")],
        "Values of records, as they came.",
    ),
    Panel(
        "Records kept by Kafka",
        "short",
        [
            (
                "sum by (topic) (kafka_partition_latest_offset - kafka_partition_earliest_offset)",
                "{{topic}}",
            )
        ],
        "What can still be replayed.",
    ),
    Panel(
        "Since the last commit",
        "s",
        [("max by (topic, partition) (fortnight_partition_commit_age_seconds)", _PARTITION)],
        "Of the slowest destination; grows where a partition is idle, too.",
    ),
    Panel(
        "Lost to retention",
        "short",
        [
            ("sum by (topic) (fortnight_partition_lost_offsets)", "{{topic}}"),
            ("sum(fortnight_lost_offsets_total) or vector(0)", "by the workers"),
        ],
        "Offsets that Kafka deleted before they were read.",
        limit=1,
    ),
    Panel(
        "Flushes a second",
        "ops",
        [(_a_second("fortnight_flushes_total", "topic"), "{{topic}}")],
        "Flushes that became durable in every region.",
    ),
    Panel(
        "Seconds a flush",
        "s",
        [(_each("fortnight_flush_seconds_total", "fortnight_flushes_total", "topic"), "{{topic}}")],
        "From the first file to the last commit.",
    ),
    Panel(
        "Rows a flush",
        "short",
        [(_each("fortnight_flushed_rows_total", "fortnight_flushes_total", "topic"), "{{topic}}")],
        "Few rows a flush make small files; a longer flush period makes larger ones.",
    ),
    Panel(
        "Bytes a flush",
        "bytes",
        [(_each("fortnight_flushed_bytes_total", "fortnight_flushes_total", "topic"), "{{topic}}")],
        "Of the files that were put.",
    ),
    Panel(
        "Seconds a request to the store",
        "s",
        [
            (
                _each("fortnight_store_seconds_total", "fortnight_store_requests_total", "region"),
                "{{region}}",
            )
        ],
        "Puts, gets and commits together.",
    ),
    Panel(
        "Requests that fail, a second",
        "ops",
        [
            (
                " or ".join(
                    (
                        _a_second("fortnight_store_errors_total", "region"),
                        "0 * " + _a_second("fortnight_store_requests_total", "region"),
                    )
                ),
                "{{region}}",
            ),
            ("sum(rate(fortnight_retries_total[2m])) or vector(0)", "tried again"),
        ],
        "Throttled, refused, unanswered. Workers try again; lag grows meanwhile.",
    ),
    Panel(
        "Memory of the workers",
        "bytes",
        [
            ("fortnight_resident_bytes", "{{instance}}"),
            ("fortnight_held_bytes", "{{instance}}, records and rows"),
        ],
        "Of the process, and of the budget that is in use.",
    ),
    Panel(
        "Partitions of each worker",
        "short",
        [("sum by (instance) (fortnight_partitions)", "{{instance}}")],
        "Uneven for more than a minute: a worker is missing, or there are too many.",
    ),
    Panel(
        "Rebalances a minute",
        "short",
        [("60 * sum by (group) (rate(fortnight_group_rebalances_total[5m]))", "{{group}}")],
        "Times that another assignment was seen.",
    ),
    Panel(
        "Watch itself",
        "s",
        [
            ("fortnight_look_seconds", "a look takes"),
            ("time() - fortnight_looked_timestamp_seconds", "since the last look"),
        ],
        "Where this grows, nothing above is of the present.",
    ),
)

RETENTION = (
    Panel(
        "Files overdue",
        "none",
        [("sum(fortnight_table_overdue_files)", "files")],
        "Files whose hour has passed: a broken promise.",
        kind="stat",
        width=6,
        limit=1,
    ),
    Panel(
        "Rows overdue",
        "none",
        [("sum(fortnight_table_overdue_rows)", "rows")],
        "Rows in them.",
        kind="stat",
        width=6,
        limit=1,
    ),
    Panel(
        "Oldest row",
        "s",
        [("max(fortnight_table_oldest_row_seconds)", "oldest")],
        "By the robot's clock or the broker's, whichever is earlier; never fourteen days.",
        kind="stat",
        width=6,
        limit=_FORTNIGHT_SECONDS,
    ),
    Panel(
        "Gaps and overlaps of receipts",
        "none",
        [("sum(fortnight_coverage_breaches)", "breaches")],
        "Where receipts do not tile a partition, or do not add up.",
        kind="stat",
        width=6,
        limit=1,
    ),
    Panel(
        "Age of the oldest row",
        "s",
        [("fortnight_table_oldest_row_seconds", _PLACE)],
        "Never more than fourteen days.",
        limit=_FORTNIGHT_SECONDS,
    ),
    Panel(
        "Freshness",
        "s",
        [("fortnight_table_freshness_seconds", _PLACE)],
        "How old the newest row is that analysts can see.",
    ),
    Panel(
        "Overdue by table",
        "short",
        [
            ("fortnight_table_overdue_files", f"{_PLACE}, files"),
            ("fortnight_table_overdue_rows", f"{_PLACE}, rows"),
        ],
        "Zero, or the expire job does not run.",
        limit=1,
    ),
    Panel("Rows", "short", [("fortnight_table_rows", _PLACE)], "Rows that the log names."),
    Panel("Bytes", "bytes", [("fortnight_table_bytes", _PLACE)], "Of the files that it names."),
    Panel(
        "Files",
        "short",
        [("fortnight_table_files", _PLACE)],
        "Many small ones: the compact job does not run.",
    ),
    Panel(
        "Log entries a minute",
        "short",
        [("60 * rate(fortnight_table_version[5m])", _PLACE)],
        "Commits of workers, and of the jobs that rewrite.",
    ),
    Panel(
        "How records ended, a second",
        "cps",
        [(_a_second("fortnight_records_ended_total", "how"), "{{how}}")],
        "Stored, rejected, withheld by policy, expired on arrival, elsewhere: each exactly once.",
        width=16,
    ),
    Panel(
        "Dead letters a second",
        "cps",
        [(_a_second("fortnight_dead_letters_total", "topic", "reason"), "{{topic}}: {{reason}}")],
        "By the receipts of the tables' logs.",
        width=12,
    ),
    Panel(
        "Unknown fields a second",
        "cps",
        [(_a_second("fortnight_unknown_fields_total", "topic"), "{{topic}}")],
        "Fields that no schema knows: dropped and counted, never named.",
        width=12,
    ),
    Panel(
        "Registrations",
        "short",
        [("max(fortnight_registrations)", "held, history included")],
        "Of devices, as the workers know them.",
    ),
    Panel(
        "Registry's offset",
        "short",
        [("fortnight_registry_offset", "{{instance}}")],
        "How far each worker has read fleet.devices; they should agree within seconds.",
    ),
    Panel(
        "Refused registrations",
        "short",
        [("max(fortnight_refused_registrations)", "refused")],
        "Records of fleet.devices that are no registration: the account service must know.",
        limit=1,
    ),
)
