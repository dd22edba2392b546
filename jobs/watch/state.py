"""Everything that watch knows at an instant: one frozen value, which nobody has to ask anything.

A place that gives no answer is told in `State.reaches`. Of Kafka nothing is said while it is away
(`group` is None, `partitions` is empty). Of a region that is away the last that was known is said,
which is the truth for as long as nobody can commit there; its tables have `answers=False`.

Instants are UTC, sizes bytes, lags offsets (markers of transactions count). A name is never one of
a device or a person: there is none in anything that watch asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.kafka.groups import Member
from jobs.watch.problems import Problem
from jobs.watch.reach import Reach
from jobs.watch.verdict import Verdict
from schemas.lineage import Partition
from schemas.regions import Region

__all__ = [
    "Group",
    "Member",
    "PartitionState",
    "Rejected",
    "State",
    "TableState",
    "WorkerState",
]


@dataclass(frozen=True, slots=True)
class Group:
    """The workers' consumer group.

    Attributes:
        state: In Kafka's words: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead.
        members: By consumer id.
        rebalances: How often another assignment was seen since watch began.
        rebalanced: When the last of them was seen, UTC; None: none was.
        verdict: OK, WARN, or ERR: the worst of its partitions', as Burrow sums them up.
    """

    name: str
    state: str
    members: tuple[Member, ...]
    rebalances: int
    rebalanced: datetime | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class PartitionState:
    """A partition, and how far what is in it is durable.

    Attributes:
        partition: Topic, topic id, number.
        begin: The first offset that Kafka still has.
        end: The offset of the next record that comes.
        group_offset: What the group has committed; a claim, for displays. None: nothing.
        next_offset: The first offset that the slowest destination lacks. None: no destination
            knows the partition yet, so that everything waits.
        slowest: That destination: `telemetry in eu`; empty where none knows the partition.
        group_lag: `end` less `group_offset`; None where there is none.
        lag: `end` less `next_offset`, or less `begin`.
        lag_time: True lag: the age of the first record that is not durable, by the broker's clock;
            zero where none waits.
        time_to_loss: Until Kafka may delete that record: its retention less `lag_time`; zero or
            less: it may be gone at any moment. None: nothing waits, or Kafka keeps it for ever.
        commit_age: Since the slowest destination was last moved; None: not seen yet.
        lost: Offsets that retention took before they were read: what receipts say, and what is
            missing now.
        owner: The consumer id of the member that has it; empty: nobody.
        host: The owner's address; empty: nobody.
        verdict: Burrow's.
        sentence: The verdict in words, with numbers: "partition 3 of fleet.telemetry has not moved
            for 4 min; worker-7f1a owns it; 31,204 records wait; data is lost in 3 d 22 h".
    """

    partition: Partition
    begin: int
    end: int
    group_offset: int | None
    next_offset: int | None
    slowest: str
    group_lag: int | None
    lag: int
    lag_time: timedelta
    time_to_loss: timedelta | None
    commit_age: timedelta | None
    lost: int
    owner: str
    host: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class TableState:
    """A table in a region, by its log.

    Attributes:
        answers: Whether the region answered; if not, the rest is what was known before.
        version: Of the newest log entry.
        committed: When that was committed, by its writer's clock; None: not seen.
        files: Data files of the table.
        rows: Rows in them.
        size: Their bytes.
        newest: Event time of the newest durable row; None: there is none. Dead letters: ingest
            time.
        freshness: Now less `newest`, not less than zero.
        oldest: The oldest row that has not expired, by the robot's clock or the broker's,
            whichever is earlier; None: there is none.
        expires: The next hour by which something must be gone.
        overdue_files: Data files of the table whose hour has passed: the expiry backlog.
        overdue_rows: Rows in them.
    """

    table: str
    region: Region
    answers: bool
    version: int
    committed: datetime | None
    files: int
    rows: int
    size: int
    newest: datetime | None
    freshness: timedelta | None
    oldest: datetime | None
    expires: datetime | None
    overdue_files: int
    overdue_rows: int

    @property
    def name(self) -> str:
        """As everywhere: `telemetry in eu`."""
        return f"{self.table} in {self.region}"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Dead letters of a topic for one reason.

    Attributes:
        reason: A fixed phrase.
        records: Since watch began, and in what it read of the log before.
        a_minute: Records a minute, over the last ten minutes.
        last: When the last of them was committed, UTC.
    """

    topic: str
    reason: str
    records: int
    a_minute: float
    last: datetime


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker, by its own metrics; numbers since it started.

    Attributes:
        url: Of its metrics.
        answers: Whether it answered; if not, every number is 0.
        partitions: How many it reads, over all topics.
        records_read: Records that came from Kafka.
        flushes: Flushes that became durable everywhere.
        flush_seconds: What they took, together.
        flushed_rows: Rows that they stored, over all regions.
        flushed_bytes: Bytes of the files that they put, over all regions.
        store_requests: Region -> requests to its store, commits included.
        store_seconds: Region -> what they took, together.
        store_errors: Region -> those of them that failed.
        retries: Destination -> tries that failed.
        held_bytes: Of the memory budget, in use.
        resident_bytes: Memory of the process.
    """

    url: str
    answers: bool
    partitions: int = 0
    records_read: int = 0
    flushes: int = 0
    flush_seconds: float = 0.0
    flushed_rows: int = 0
    flushed_bytes: int = 0
    store_requests: Mapping[str, int] = field(default_factory=dict)
    store_seconds: Mapping[str, float] = field(default_factory=dict)
    store_errors: Mapping[str, int] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    held_bytes: int = 0
    resident_bytes: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """Everything.

    Attributes:
        now: When watch looked, UTC.
        took: How long looking took.
        cluster: Kafka's address, as the settings say it.
        reaches: Every place that was asked; first those that give no answer.
        problems: What is wrong, the worst first, and causes before what follows from them; empty:
            nothing is.
        group: None while Kafka is away.
        partitions: By topic and number; empty while Kafka is away.
        tables: By name and region.
        rejected: By topic and reason.
        workers: By URL.
        breaches: How receipts do not cover the partitions, in words; empty: they do.
        covered_from: Since when the logs were read, by the earliest entry's clock; None: no entry.
    """

    now: datetime
    took: timedelta
    cluster: str
    reaches: tuple[Reach, ...]
    problems: tuple[Problem, ...] = ()
    group: Group | None = None
    partitions: tuple[PartitionState, ...] = ()
    tables: tuple[TableState, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    workers: tuple[WorkerState, ...] = ()
    breaches: tuple[str, ...] = ()
    covered_from: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of the problems: OK where there is none."""
        return max((one.verdict for one in self.problems), default=Verdict.OK)
