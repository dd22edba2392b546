"""Kafka's topics: how long raw records stay, whose clock they carry, and where brokers are.

The sum is worked out here from the policy and the topic, not taken from whoever made the topic.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from jobs.kafka import BrokerPlace, Topic
from jobs.verify.configuration.looking import Looking
from jobs.verify.configuration.state import Kafka
from jobs.verify.verdict import Look
from schemas.policies.keeping import Permanent, Residence, Retention
from schemas.tables import TABLES
from storage.s3.evidence import Unseen

_NOTICE = timedelta(minutes=5)
"""How often a broker looks: `log.retention.check.interval.ms`, its default."""

_TOMBSTONE_AT_LEAST, _OLD_AT_MOST = timedelta(days=14), timedelta(days=1)
"""Who is a fortnight behind learns of a cancellation; what was said before it goes soon."""

_CONFIGS = "kafka-configs.sh --bootstrap-server $BROKER --describe --all --topic TOPIC"


def retention(clause: Retention, kafka: Kafka, late_window: timedelta) -> Iterator[Look]:
    """Raw records are gone from Kafka before the fortnight of what they say is over."""
    looking = Looking("raw records are gone from Kafka in time", "topics", _CONFIGS)
    clocks = Looking("a record's time is the broker's, never the robot's", "topics", _CONFIGS)
    if isinstance(kafka.topics, Unseen):
        looking.not_at("Kafka", kafka.topics)
        clocks.not_at("Kafka", kafka.topics)
    else:
        for name in (TABLES[table].topic for table in clause.tables):
            topic = kafka.topics.get(name)
            looking.at(name, _kept(topic, clause.at_most - late_window) if topic else _MISSING)
            clocks.at(name, _clock(topic) if topic else ())
    yield looking.end()
    yield clocks.end()
    yield _strays(kafka)


def permanent(clause: Permanent, kafka: Kafka) -> Iterator[Look]:
    """Registrations stay, each in its newest form; what they said before goes."""
    looking = Looking("the newest registration stays, and only that", "topics", _CONFIGS)
    if isinstance(kafka.topics, Unseen):
        looking.not_at("Kafka", kafka.topics)
    else:
        for name in clause.topics:
            topic = kafka.topics.get(name)
            looking.at(name, [*_compacted(topic), *_clock(topic)] if topic else _MISSING)
    yield looking.end()


def places(clause: Residence, kafka: Kafka) -> Iterator[Look]:
    """Brokers are where the clause's region is, as each says by its rack."""
    if "kafka" not in clause.covers:
        return
    looking = Looking(
        "brokers are where raw records must stay", "brokers", "kafka-broker-api-versions.sh; racks"
    )
    if isinstance(kafka.brokers, Unseen):
        looking.not_at("Kafka", kafka.brokers)
    else:
        for broker in kafka.brokers:
            looking.at(f"broker {broker.id}", _elsewhere(broker, clause.location))
    yield looking.end()


def is_in(rack: str, location: str) -> bool:
    """Whether a rack is in an AWS region: `eu-central-1a`, or by the zone's id, `euc1-az2`."""
    area, *directions, number = location.split("-")
    words = _DIRECTION.findall("".join(directions))
    return rack.startswith((location, f"{area}{''.join(word[0] for word in words)}{number}-"))


_DIRECTION = re.compile("north|south|east|west|central")
_MISSING = (Unseen("there is no such topic"),)


def _kept(topic: Topic, allowed: timedelta) -> Iterator[str]:
    """Whether a record may outlive what is left of its fortnight when it comes.

    A segment goes as a whole, so its first record waits for its last; then it is a file still.
    """
    if (policy := topic.settings["cleanup.policy"]) != "delete":
        yield f"cleanup.policy is {policy}: nothing is removed by age alone"
    names = ("retention.ms", "segment.ms", "file.delete.delay.ms")
    retention, segment, delay = (_time(topic, name) for name in names)
    if retention < timedelta(0):
        yield "retention.ms is -1: records stay for ever"
    elif (sum_ := retention + segment + delay + _NOTICE) > allowed:
        yield f"records stay up to {_days(sum_)}, and {_days(allowed)} are left of their time"
    if topic.settings.get("remote.storage.enable", "false") == "true":
        yield "segments are copied to remote storage, of which nothing is declared"


def _clock(topic: Topic) -> Iterator[str]:
    if (found := topic.settings["message.timestamp.type"]) != "LogAppendTime":
        yield f"message.timestamp.type is {found}"


def _compacted(topic: Topic) -> Iterator[str]:
    if (policy := topic.settings["cleanup.policy"]) != "compact":
        yield f"cleanup.policy is {policy}: registrations are removed by age, or never"
    if _time(topic, "delete.retention.ms") < _TOMBSTONE_AT_LEAST:
        yield "delete.retention.ms: a late reader does not learn of a cancellation"
    for name in ("max.compaction.lag.ms", "segment.ms"):
        if _time(topic, name) > _OLD_AT_MOST:
            yield f"{name}: what a registration said before stays longer than a day"
    if topic.partitions != 1:
        yield f"{topic.partitions} partitions: a withdrawal may be outrun by the grant before it"


def _strays(kafka: Kafka) -> Look:
    looking = Looking(
        "no other topic that can be seen holds records of devices",
        "topics",
        "kafka-topics.sh --bootstrap-server $BROKER --list",
    )
    if isinstance(kafka.all_topics, Unseen):
        looking.not_at("Kafka", kafka.all_topics)
    else:
        looking.notes.append(f"seen: {', '.join(kafka.all_topics) or 'none'}")
    if not isinstance(kafka.groups, Unseen):
        looking.notes.append(f"groups: {', '.join(kafka.groups) or 'none'}")
    for name, found in kafka.strays.items():
        if isinstance(found, Unseen):
            looking.not_at(name, found)
        else:
            looking.at(name, ["it has records of devices of ours"] if found else ())
    return looking.end()


def _elsewhere(broker: BrokerPlace, wanted: str) -> Iterator[str | Unseen]:
    if not broker.rack:
        yield Unseen("it has no broker.rack")
    elif not is_in(broker.rack, wanted):
        yield f"its rack is {broker.rack}, and must be in {wanted}"


def _time(topic: Topic, name: str) -> timedelta:
    """A setting of milliseconds; whatever is beyond a thousand years is as long as that."""
    return timedelta(milliseconds=min(int(topic.settings[name]), 31_557_600_000_000))


def _days(time: timedelta) -> str:
    return f"{time / timedelta(days=1):.2f} days"
