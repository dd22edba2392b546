"""A partition's verdict in words, for somebody who has never read the code."""

from dataclasses import dataclass
from datetime import timedelta

from jobs.kafka.groups import Member
from jobs.lag import Waiting
from jobs.watch.verdict import Verdict
from jobs.watch.words import counted, duration


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence is made of.

    Attributes:
        loss: Until Kafka may delete the first record that waits; None: it will not.
        lost: Offsets that retention took before they were durable.
    """

    waiting: Waiting
    owner: Member | None
    loss: timedelta | None
    lost: int


def sentence(verdict: Verdict, facts: Facts) -> str:
    """The verdict in words; a whole sentence without its full stop."""
    one = facts.waiting.partition
    subject = f"partition {one.number} of {one.topic}"
    match verdict:
        case Verdict.OK | Verdict.WARN:
            parts = [_pace(subject, verdict, facts)]
        case Verdict.ERR:
            lost = counted(facts.lost, "record that was", "records that were")
            parts = [f"Kafka deleted {lost} not durable in {subject}", *_what_waits(facts)]
        case Verdict.REWIND:
            parts = [f"an offset of {subject} went back", _owner(facts.owner), *_what_waits(facts)]
        case _:
            still = f"{subject} has not moved for {duration(facts.waiting.age)}"
            parts = [still, _owner(facts.owner), *_what_waits(facts)]
            if verdict is Verdict.STALL:
                parts.insert(2, "its owner moves other partitions")
    return "; ".join(parts)


def _pace(subject: str, verdict: Verdict, facts: Facts) -> str:
    if not facts.waiting.age:
        return f"{subject}: nothing waits"
    first = f"the first for {duration(facts.waiting.age)}"
    waits = f"{_records(facts)}, {first}"
    if verdict is Verdict.OK:
        return f"{subject}: {waits}"
    return f"{subject} falls behind: {waits}{_loss(facts)}"


def _owner(owner: Member | None) -> str:
    if owner is None:
        return "no worker owns it"
    return f"worker {owner.instance or owner.consumer_id} at {owner.host} owns it"


def _what_waits(facts: Facts) -> list[str]:
    return [_records(facts) + _loss(facts)] if facts.waiting.age else []


def _records(facts: Facts) -> str:
    return counted(facts.waiting.lag, "record waits", "records wait")


def _loss(facts: Facts) -> str:
    if facts.loss is None:
        return ""
    if facts.loss <= timedelta(0):
        return "; data may be lost at any moment"
    return f"; data is lost in {duration(facts.loss)}"
