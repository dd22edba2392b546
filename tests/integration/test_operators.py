"""What operators do: offsets reset and deleted, records lost unread, a topic made anew."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from support.evidence.fleet import TELEMETRY, Fleet
from support.evidence.proof import Log
from support.faults.colony import Colony, until
from support.faults.rig import wall_clock
from support.system import System

from jobs.demo.object_store import S3Server
from jobs.kafka import Cluster
from schemas.retention import microseconds
from schemas.tables import STREAMED

pytestmark = pytest.mark.kafka

ColonyOn = Callable[[S3Server], Colony]
PARTITIONS = range(3)


def _fleet(colony: Colony, seed: int) -> Fleet:
    fleet = Fleet(microseconds(wall_clock()), seed=seed)
    colony.truth.register(fleet.registrations())
    return fleet


def _admin(colony: Colony) -> AdminClient:
    return AdminClient({"bootstrap.servers": colony.truth.address})


def _done(futures: Mapping[Any, Future[Any]]) -> None:
    for future in futures.values():
        future.result(60)


def test_group_offsets_that_were_reset_or_deleted_change_nothing(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 401)
    group, admin = colony.system.settings.group, _admin(colony)
    for turn, offset in enumerate([0, 10**6, None]):
        colony.start()
        colony.truth.publish(fleet.mix(400, start=turn * 1_000))
        colony.wait_until_complete()
        colony.stop()
        if offset is None:
            _done(admin.delete_consumer_groups([group], request_timeout=60))
        else:
            at = [TopicPartition(TELEMETRY, number, offset) for number in PARTITIONS]
            moved = [ConsumerGroupTopicPartitions(group, at)]
            _done(admin.alter_consumer_group_offsets(moved, request_timeout=60))
        colony.truth.publish(fleet.mix(400, start=turn * 1_000 + 500))
    colony.start()
    colony.finish()


def test_what_retention_took_unread_is_a_hole_and_nothing_else_is_missing(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 402)
    colony.start()
    colony.truth.publish(fleet.mix(600))
    colony.wait_until_complete()
    colony.stop()
    durable = {log.application_id: log.end for log in colony.truth.logs(STREAMED)}
    colony.truth.publish(fleet.mix(900, start=1_000))
    before = colony.truth.logs(STREAMED)
    telemetry = [log for log in before if log.topic == TELEMETRY]
    cuts = {log.number: (log.end + durable[log.application_id]) // 2 for log in telemetry}
    at = [TopicPartition(TELEMETRY, number, cut) for number, cut in cuts.items()]
    admin = _admin(colony)  # kept: it has to outlive its answers
    _done(admin.delete_records(at, request_timeout=60))
    colony.truth.publish(fleet.mix(300, start=2_000))
    after = {log.application_id: log for log in colony.truth.logs(STREAMED)}
    colony.start()
    colony.finish(
        _without_hole(log, after[log.application_id], durable[log.application_id]) for log in before
    )
    assert _holes(colony) == {
        (log.number, durable[log.application_id] + 1, cuts[log.number] - 1) for log in telemetry
    }


def _without_hole(before: Log, after: Log, durable: int) -> Log:
    """Everything that was ever there, but what was neither durable nor kept."""
    fates = before.fates | after.fates  # type: ignore[operator]
    kept = {at: fate for at, fate in fates.items() if at <= durable or at >= after.start}
    rests = {**(before.rests or {}), **(after.rests or {})}
    return replace(before, fates=kept, rests=rests, end=after.end)


def _holes(colony: Colony) -> set[tuple[int, int, int]]:
    """Partition, first and last offset of every hole that telemetry's receipts tell of."""
    return {
        (span["partition"]["number"], first, last)
        for receipt in colony.followers[TELEMETRY, "eu"].receipts
        for span in receipt["spans"]
        for first, last in span["holes"]
    }


def test_a_topic_that_was_made_anew_begins_anew_beside_what_it_was(
    colony_on: ColonyOn, s3: S3Server
) -> None:
    colony = colony_on(s3)
    fleet = _fleet(colony, 403)
    colony.start()
    colony.truth.publish(fleet.mix(600))
    colony.wait_until_complete()
    colony.stop()
    before = [log for log in colony.truth.logs(STREAMED) if log.topic == TELEMETRY]
    admin = _admin(colony)
    _done(admin.delete_topics([TELEMETRY], operation_timeout=60))
    with Cluster(colony.truth.address) as cluster:
        until(lambda: not cluster.topics([TELEMETRY]), "the topic is gone")
    System.prepare_topics(colony.system.settings)
    colony.truth.publish(fleet.mix(300, start=1_000))
    colony.start()
    colony.wait_until_complete()
    colony.stop()
    after = colony.truth.logs(STREAMED)
    assert before[0].topic_id not in {log.topic_id for log in after}
    colony.check(before + after)
