"""Kafka, and the ways to it, set up as they must not be."""

import pytest
from support.configured import (
    SETTINGS,
    clean,
    hop,
    kafka,
    topic,
    with_topic,
)
from support.promised import FRANKFURT, KEPT, OTHERS, ROLES, TRANSPORT, Violation

from jobs.kafka import BrokerPlace, Permission, Topic
from jobs.roles import lists
from jobs.roles.declared import roles
from jobs.verify.configuration.state import Configured

DATA, DEVICES = "fleet.telemetry", "fleet.devices"


def allowing(*more: Permission) -> Configured:
    return clean(kafka=kafka(permissions=frozenset({*lists.plan(roles(SETTINGS)), *more})))


def tried(role: str, name: str, *operations: str) -> Configured:
    known = kafka().tried
    may = {**known[role], name: known[role][name] | set(operations)}
    return clean(kafka=kafka(tried={**known, role: may}))


VIOLATIONS = [
    Violation(
        "a topic of 30 days",
        clean(kafka=with_topic(DATA, retention_ms=str(30 * 86_400_000))),
        KEPT,
        "records stay up to 30.50 days, and 5.00 days are left",
    ),
    Violation(
        "a sum that is too long although each part is short",
        clean(kafka=with_topic(DATA, retention_ms="345600000", segment_ms="86400000")),
        KEPT,
        "records stay up to 5.00 days",
    ),
    Violation(
        "a topic that keeps for ever",
        clean(kafka=with_topic(DATA, retention_ms="-1")),
        KEPT,
        "records stay for ever",
    ),
    Violation(
        "a data topic that is compacted too",
        clean(kafka=with_topic(DATA, cleanup_policy="compact,delete")),
        KEPT,
        "cleanup.policy is compact,delete",
    ),
    Violation(
        "segments in remote storage",
        clean(kafka=with_topic(DATA, remote_storage_enable="true")),
        KEPT,
        "remote storage",
    ),
    Violation(
        "the robots' clocks",
        clean(kafka=with_topic(DATA, message_timestamp_type="CreateTime")),
        KEPT,
        "message.timestamp.type is CreateTime",
    ),
    Violation(
        "registrations that age",
        clean(kafka=with_topic(DEVICES, cleanup_policy="delete")),
        {"360-robot-vacuum/account-permanent"},
        "cleanup.policy is delete",
    ),
    Violation(
        "tombstones that go too soon",
        clean(kafka=with_topic(DEVICES, delete_retention_ms="86400000")),
        {"360-robot-vacuum/account-permanent"},
        "does not learn of a cancellation",
    ),
    Violation(
        "registrations without an order",
        clean(
            kafka=kafka(
                topics={
                    **kafka().topics,  # type: ignore[dict-item]
                    DEVICES: Topic(DEVICES, "id", 6, topic(DEVICES).settings),
                }
            )
        ),
        {"360-robot-vacuum/account-permanent"},
        "6 partitions",
    ),
    Violation(
        "a copy of a topic",
        clean(kafka=kafka(strays={"mirror": True})),
        KEPT,
        "mirror: it has records of devices of ours",
    ),
    Violation(
        "a broker in the US",
        clean(kafka=kafka(brokers=(BrokerPlace(1, "kafka:9092", "use1-az1"),))),
        {FRANKFURT},
        "its rack is use1-az1",
    ),
    Violation(
        "a broker in a region whose name begins alike",
        clean(kafka=kafka(brokers=(BrokerPlace(1, "kafka:9092", "euc2-az1"),))),
        {FRANKFURT},
        "its rack is euc2-az1",
    ),
    Violation(
        "a role with a right too many",
        allowing(Permission("User:watch", "Topic", DEVICES, "Write")),
        ROLES | OTHERS,
        "User:watch: Write on Topic fleet.devices: a role may do more",
    ),
    Violation(
        "a stranger whose right is a prefix",
        allowing(Permission("User:who", "Topic", "fleet.", "Read", prefixed=True)),
        ROLES | OTHERS,
        "somebody who is no role",
    ),
    Violation(
        "lists that nobody asks",
        clean(kafka=kafka(unguarded=True)),
        ROLES | OTHERS,
        "no authorizer",
    ),
    Violation(
        "a role that is not refused",
        tried("analyst", DATA, "Read", "Describe"),
        ROLES,
        "analyst on fleet.telemetry: it may Read",
    ),
    Violation(
        "a broker in the clear",
        clean(hops=(hop(in_the_clear=True), hop("s3"))),
        TRANSPORT,
        "answers in the clear",
    ),
    Violation(
        "a bucket that answers strangers",
        clean(hops=(hop(), hop("s3", to_strangers=True))),
        TRANSPORT,
        "answers strangers",
    ),
]


@pytest.mark.parametrize("one", VIOLATIONS, ids=lambda one: one.name)
def test_a_violation_of_kafka_breaks_the_promises_that_it_is_about_and_no_other(
    one: Violation,
) -> None:
    one.check()
