from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest

from jobs.demo.broker import Broker
from jobs.demo.object_store import S3Server
from jobs.demo.processes import PartError
from jobs.kafka import Cluster, KafkaRecord, Topic
from schemas.lineage import Partition, Position

pytestmark = pytest.mark.kafka


def _topic(cluster: Cluster, name: str, partitions: int = 2) -> Topic:
    assert cluster.create(name, partitions, {"message.timestamp.type": "LogAppendTime"})
    return cluster.topics([name])[name]


def _records(topic: Topic, n: int) -> list[KafkaRecord]:
    anywhere = Position(Partition(topic.name, topic.id, 0), 0)
    return [
        KafkaRecord(anywhere, datetime.now(UTC), b"%d" % i, b"v" * i, (("h", b"%d" % i),))  # noqa: TID251 - a test's
        for i in range(n)
    ]


def test_a_topic_is_created_once_and_described(broker: Broker) -> None:
    with Cluster(broker.address) as cluster:
        topic = _topic(cluster, "described", partitions=3)
        assert not cluster.create("described", 1, {})
        assert topic.partitions == 3
        assert topic.settings["message.timestamp.type"] == "LogAppendTime"
        assert topic.settings["retention.ms"] == str(7 * 24 * 3600 * 1000)
        assert cluster.topics(["described", "missing"]) == {"described": topic}


def test_published_records_are_read_back_as_they_were(broker: Broker) -> None:
    with Cluster(broker.address) as cluster:
        topic = _topic(cluster, "read-back")
        sent = _records(topic, 200)
        positions = cluster.publish(topic, sent)
        assert len(set(positions)) == 200
        found = [cluster.record(position) for position in positions[:3]]
        assert [(r.key, r.value, r.headers) for r in found if r] == [
            (r.key, r.value, r.headers) for r in sent[:3]
        ]
        partitions = [Partition(topic.name, topic.id, number) for number in range(2)]
        all_of_them = [r for p in partitions for r in cluster.records(p, first=0)]
        assert sorted(r.position for r in all_of_them) == sorted(positions)
        assert cluster.beginnings(topic) == {0: 0, 1: 0}
        assert sum(cluster.ends(topic).values()) == 200


def test_what_is_not_in_the_log_is_none(broker: Broker) -> None:
    with Cluster(broker.address) as cluster:
        topic = _topic(cluster, "short")
        (position,) = cluster.publish(topic, _records(topic, 1))
        beyond = Position(position.partition, position.offset + 5)
        namesake = Position(Partition(topic.name, "another id", 0), position.offset)
        assert cluster.record(beyond) is None
        assert cluster.record(namesake) is None


def test_a_group_that_nobody_knows_has_no_offsets(broker: Broker) -> None:
    with Cluster(broker.address) as cluster:
        assert cluster.group_offsets("nobody") == {}


def test_kafka_keeps_its_records_and_address_over_a_kill(own_broker: Broker) -> None:
    with Cluster(own_broker.address) as cluster:
        topic = _topic(cluster, "kept")
        cluster.publish(topic, _records(topic, 50))
        own_broker.process.kill()
        own_broker.start()
        assert cluster.topics(["kept"])["kept"].id == topic.id
        assert sum(cluster.ends(topic).values()) == 50


def test_a_kafka_that_cannot_start_says_why(own_broker: Broker) -> None:
    own_broker.stop()
    data = own_broker.folder / "data" / "meta.properties"
    data.write_text(data.read_text().replace("node.id=1", "node.id=2"))
    with pytest.raises(PartError, match=r"(?s)Kafka ended with status 1.*node"):
        own_broker.start()


def test_the_s3_server_holds_buckets_of_several_regions_and_conditional_puts(s3: S3Server) -> None:
    client = boto3.client("s3", endpoint_url=s3.url, region_name="eu-central-1")
    client.create_bucket(
        Bucket="test-servers", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    location = client.get_bucket_location(Bucket="test-servers")
    assert location["LocationConstraint"] == "eu-central-1"
    client.put_object(Bucket="test-servers", Key="a", Body=b"1", IfNoneMatch="*")
    with pytest.raises(client.exceptions.ClientError, match="PreconditionFailed"):
        client.put_object(Bucket="test-servers", Key="a", Body=b"2", IfNoneMatch="*")


def test_a_connection_goes_on_after_a_put_that_was_refused(s3: S3Server) -> None:
    client, bucket = HTTPConnection(urlsplit(s3.url).netloc), f"/bucket-{uuid4().hex[:8]}"

    def status(method: str, path: str, body: bytes = b"") -> int:
        client.request(method, path, body)
        answer = client.getresponse()
        answer.read()
        return answer.status

    assert status("PUT", bucket) == 200
    first = client.sock
    assert status("PUT", f"{bucket}-of-nobody/one", b"12345") == 404
    assert status("PUT", f"{bucket}/one", b"12345") == 200
    assert status("HEAD", bucket) == 200
    assert client.sock is first
    client.close()
