"""Verdicts on a partition, as Burrow defines them, and told as Burrow numbers them.

Burrow (github.com/linkedin/Burrow, wiki: Consumer Lag Evaluation Rules) needs no threshold: it
looks at how the offset and the lag moved over a window. It has to guess where we know: it sees
commits only, so that a topic that was idle and then gets one record looks like a consumer that
stopped (its issues 38, 123 and 303). Here each sample knows the lag as it was at that moment, and
how long the first waiting record has waited; and the window is as long as a flush may take.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import pairwise


class Verdict(IntEnum):
    """What is to be thought of a partition, or of a group; the larger, the worse.

    The numbers are those of Burrow's metrics, whose 0 means "not found".
    """

    OK = 1
    """Nothing waits, or not for long, or what waits becomes less."""
    WARN = 2
    """It moves, and records come faster; or watched too briefly to say more."""
    ERR = 3
    """Retention took records before they were durable; of a group: one of its partitions is bad."""
    STOP = 4
    """It does not move, and its owner makes nothing durable, or it has no owner."""
    STALL = 5
    """It does not move, while its owner makes other partitions durable."""
    REWIND = 6
    """An offset went back."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A partition as it was seen once.

    Attributes:
        time: When.
        begin: The first offset that Kafka still has.
        next_offset: The first offset that some destination lacks.
        group_offset: What the group had committed; None: nothing.
        lag: Offsets that wait; 0 where no record waits, whatever the offsets say.
        lag_time: Age of the first record that waits; zero where none does.
        progress: When its owner last made something durable, of any partition; None: nobody owns
            it, or nothing was seen.
    """

    time: datetime
    begin: int
    next_offset: int
    group_offset: int | None
    lag: int
    lag_time: timedelta
    progress: datetime | None


def judge(samples: Sequence[Sample], patience: timedelta) -> Verdict:
    """What is to be thought of a partition at the time of its last sample.

    Args:
        samples: At least one, in the order of time. Those of the last `patience` count, and the
            one before them, from which they moved.
        patience: What a record may wait while everything is well.
    """
    last = samples[-1]
    recent = [one for one in samples if last.time - one.time <= patience]
    window = [*samples[: -len(recent)][-1:], *recent]
    if _went_back(window):
        return Verdict.REWIND
    if last.begin > last.next_offset:
        return Verdict.ERR
    if last.lag_time <= patience or any(one.lag == 0 for one in recent):
        return Verdict.OK
    if last.next_offset > window[0].next_offset:
        grows = all(one.lag <= later.lag for one, later in pairwise(window))
        return Verdict.WARN if grows else Verdict.OK
    return _standing(last, patience, is_news=len(recent) == len(samples))


def summed(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a group: that of its worst partition, where ERR is the worst there is."""
    return min(max(verdicts, default=Verdict.OK), Verdict.ERR)


def _went_back(window: Sequence[Sample]) -> bool:
    return any(
        later.next_offset < one.next_offset
        or (
            one.group_offset is not None
            and later.group_offset is not None
            and later.group_offset < one.group_offset
        )
        for one, later in pairwise(window)
    )


def _standing(last: Sample, patience: timedelta, *, is_news: bool) -> Verdict:
    """The verdict on one that did not move over the window; `is_news`: nobody looked before it."""
    if is_news:
        return Verdict.WARN
    if last.progress is None or last.time - last.progress > patience:
        return Verdict.STOP
    return Verdict.STALL
