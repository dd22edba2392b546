"""What a log can hold besides good records, and what can happen to a topic under a worker."""

import asyncio
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from confluent_kafka import Producer
from kafka.admin import KafkaAdminClient
from kafka.structs import OffsetAndMetadata, TopicPartition
from support.record_batches import Sent, batch, stamped
from support.system import EU, System

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from schemas.retention import microseconds

pytestmark = pytest.mark.kafka

TOPIC, ROBOT = "fleet.telemetry", "Serial-DE-1"


@pytest.fixture
def system(own_broker: Broker, s3: S3Server, tmp_path: Path) -> System:
    made = System.prepare(
        tmp_path, own_broker, s3, partitions=1, flush_period=timedelta(seconds=0.5)
    )
    registered = {
        "device": ROBOT,
        "vendor": "smarock",
        "model": "S1",
        "country": "DE",
        "account": "an-account",
        "bound_since": 0,
        "consents": [{"name": "telemetry", "granted": True, "since": 0}],
    }
    made.publish("fleet.devices", [(ROBOT, registered)])
    return made


@pytest.fixture
def admin(system: System) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=[system.settings.bootstrap_servers])
    yield client
    client.close()


def reading() -> dict[str, object]:
    now = microseconds(datetime.now(UTC))  # noqa: TID251 - real Kafka has a real clock
    return {"device": ROBOT, "event_time": now, "status": "docked"}


def publish(system: System, n: int) -> None:
    system.publish(TOPIC, [(ROBOT, reading())] * n)


def publish_in_transaction(system: System, n: int, *, commit: bool) -> None:
    address = system.settings.bootstrap_servers
    producer = Producer({"bootstrap.servers": address, "transactional.id": f"of-{n}-{commit}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for _ in range(n):
        producer.produce(TOPIC, msgspec.json.encode(reading()), key=ROBOT)
    producer.flush(30)
    (producer.commit_transaction if commit else producer.abort_transaction)(30)


def publish_batch(system: System, raw: bytes) -> None:
    async def send() -> None:
        client = AIOKafkaClient(bootstrap_servers=system.settings.bootstrap_servers)
        await client.bootstrap()
        await client.add_topic(TOPIC)
        leader = client.cluster.leader_for_partition(TopicPartition(TOPIC, 0))
        answer = await client.send(leader, ProduceRequest(None, -1, 10_000, [(TOPIC, [(0, raw)])]))
        await client.close()
        assert answer.topics[0][1][0][1] == 0

    asyncio.run(send())


def offsets(system: System) -> list[int]:
    return [offset for _, offset in system.offsets("telemetry", EU)]


def test_neither_transactions_nor_bad_headers_stop_the_worker(system: System) -> None:
    publish(system, 10)
    publish_in_transaction(system, 5, commit=False)
    publish_in_transaction(system, 6, commit=True)
    value = msgspec.json.encode(reading())
    sent = [Sent(0, value), Sent(1, value, (("yz", b"not UTF-8"),)), Sent(2, value)]
    raw = batch(0, sent, attributes=0)
    publish_batch(system, stamped(raw.replace(b"\x04yz", b"\x04y\xff"), 0, 0))
    publish(system, 10)
    with system.worker() as worker:
        system.wait_for_rows("telemetry", EU, 29)
        worker.check()
    assert offsets(system) == [*range(10), *range(16, 22), *range(23, 36)]


def test_neither_retention_nor_a_reset_of_the_group_makes_it_skip_or_repeat(
    system: System, admin: KafkaAdminClient
) -> None:
    publish(system, 10)
    with system.worker("first") as first:
        system.wait_for_rows("telemetry", EU, 10)
        first.signal(signal.SIGTERM)
        assert first.wait(within=timedelta(seconds=20)) == 0
    publish(system, 10)
    admin.delete_records({TopicPartition(TOPIC, 0): 15})
    reset = {TopicPartition(TOPIC, 0): OffsetAndMetadata(3, "", -1)}
    admin.alter_group_offsets(system.settings.group, reset)
    with system.worker("second") as second:
        system.wait_for_rows("telemetry", EU, 15)
        second.check()
    assert offsets(system) == [*range(10), *range(15, 20)]
    receipts = [entry.receipt for entry in system.lake()["telemetry", EU].entries()]
    spans = [span for receipt in receipts if receipt for span in receipt.spans]
    assert [span.holes for span in spans if span.holes] == [((10, 14),)]
    told = second.log.read_text()
    assert "retention took 10 to 14 unread" in told
    assert "are for displays and ignored: fleet.telemetry:0@3" in told


def test_a_recreated_topic_ends_the_worker_and_the_next_one_reads_it_from_its_beginning(
    system: System, admin: KafkaAdminClient
) -> None:
    publish(system, 10)
    with system.worker("first") as first:
        system.wait_for_rows("telemetry", EU, 10)
        admin.delete_topics([TOPIC])
        again = System.prepare_topics(system.settings)
        assert again[TOPIC]
        publish(system, 7)
        assert first.wait(within=timedelta(seconds=60)) == 70
    with system.worker("second") as second:
        system.wait_for_rows("telemetry", EU, 17)
        second.check()
    assert offsets(system) == sorted([*range(10), *range(7)])
