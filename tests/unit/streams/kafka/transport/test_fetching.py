# ruff: noqa: SLF001 - aiokafka lets nobody else see what it would ask for

import asyncio
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.structs import TopicPartition
from support.record_batches import Sent, batch, fetched

from streams.kafka.transport.fetching import ConsiderateFetcher

BUSY, IDLE = TopicPartition("busy", 0), TopicPartition("idle", 0)
LONG = 500
"""Milliseconds: how long a broker may wait when there is nothing else to do."""

Asked = list[tuple[list[str], bool]]
"""Of each request: its topics, and whether the broker may wait long."""


class OfOneBroker(ConsiderateFetcher):
    def _select_read_replica(self, tp: TopicPartition) -> int:
        del tp
        return 1


def asked(read: set[TopicPartition], use: Callable[[Callable[[], Asked], Any], None]) -> None:
    async def main() -> None:
        consumer: Any = AIOKafkaConsumer()
        consumer.assign([BUSY, IDLE])
        fetcher: Any = Fetcher(consumer._client, consumer._subscription, fetch_max_wait_ms=LONG)
        OfOneBroker.instead_of(fetcher, read.__contains__)
        assignment = consumer._subscription.subscription.assignment
        for tp in (BUSY, IDLE):
            assignment.state_value(tp).reset_to(0)

        def ask() -> Asked:
            requests = fetcher._get_actions_per_node(assignment)[0]
            return [
                (sorted(topic for topic, _ in one.topics), one._max_wait_ms == LONG)
                for _, one in requests
            ]

        def fetch() -> None:
            records = fetched(batch(0, [Sent(0)]))
            fetcher._records[BUSY] = FetchResult(
                BUSY, assignment=assignment, partition_records=records, backoff=0
            )

        use(ask, fetch)
        await fetcher.close()
        await consumer.stop()

    asyncio.run(main())


def test_a_broker_that_has_nothing_new_may_wait() -> None:
    def use(ask: Callable[[], Asked], _: object) -> None:
        assert ask() == ask() == [(["busy", "idle"], True)]

    asked({BUSY, IDLE}, use)


def test_an_idle_topic_is_asked_briefly_and_seldom_while_a_busy_one_waits_for_room() -> None:
    def use(ask: Callable[[], Asked], fetch: Callable[[], None]) -> None:
        fetch()
        assert ask() == [(["idle"], False)]
        assert ask() == []

    asked({BUSY, IDLE}, use)


def test_what_is_not_taken_up_is_not_fetched_and_what_is_does_not_wait_long() -> None:
    def use(ask: Callable[[], Asked], _: object) -> None:
        assert ask() == ask() == [(["idle"], False)]

    asked({IDLE}, use)


def test_what_came_of_a_topic_that_was_not_taken_up_holds_nobody_up() -> None:
    def use(ask: Callable[[], Asked], fetch: Callable[[], None]) -> None:
        fetch()
        assert ask() == ask() == [(["idle"], False)]

    asked({IDLE}, use)
