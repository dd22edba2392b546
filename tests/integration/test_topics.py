from uuid import uuid4

import pytest
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.broker import Broker
from jobs.kafka import Cluster
from jobs.topics import NAMES
from schemas.settings import PREFIX

pytestmark = pytest.mark.kafka
_HOUR = 3600 * 1000


def test_the_command_creates_topics_that_its_check_accepts(own_broker: Broker) -> None:
    run = CliRunner(
        env={PREFIX + "BOOTSTRAP_SERVERS": own_broker.address, PREFIX + "PARTITIONS": "3"}
    )
    before = run.invoke(app, ["topics", "check"])
    assert before.exit_code == 1
    assert "fleet.devices: the topic is missing" in before.output

    assert run.invoke(app, ["topics", "create"]).output.count("created") == len(NAMES)
    assert run.invoke(app, ["topics", "create"]).output.count("was there") == len(NAMES)
    assert run.invoke(app, ["topics", "check"]).exit_code == 0

    with Cluster(own_broker.address) as cluster:
        topics = cluster.topics(NAMES)
    assert {name: topic.partitions for name, topic in topics.items()} == {
        "fleet.telemetry": 3,
        "fleet.map-tiles": 3,
        "fleet.cleaning-history": 3,
        "fleet.devices": 1,
    }
    assert topics["fleet.telemetry"].settings["retention.ms"] == str(4 * 24 * _HOUR)
    assert topics["fleet.telemetry"].settings["segment.ms"] == str(12 * _HOUR)
    assert topics["fleet.devices"].settings["cleanup.policy"] == "compact"


def test_the_check_says_what_kafka_has_and_may_have(own_broker: Broker) -> None:
    with Cluster(own_broker.address) as cluster:
        cluster.create("fleet.telemetry", 1, {})
    run = CliRunner(env={PREFIX + "BOOTSTRAP_SERVERS": own_broker.address})
    assert run.invoke(app, ["topics", "create"]).exit_code == 0
    found = run.invoke(app, ["topics", "check"])
    assert found.exit_code == 1
    clock, retention = found.output.splitlines()
    assert clock == (
        "fleet.telemetry: message.timestamp.type is CreateTime, allowed is LogAppendTime"
    )
    assert retention == (
        "fleet.telemetry: retention.ms + segment.ms is 1209600000 (604800000+604800000),"
        " allowed is at most 431100000 together"
    )


def test_everything_that_a_cluster_shows_is_in_scope(broker: Broker) -> None:
    name = f"hidden-{uuid4().hex[:8]}"
    with Cluster(broker.address) as cluster:
        cluster.create(name, 1, {})
        assert name in cluster.all_topics()
        assert isinstance(cluster.all_groups(), list)
        assert [(one.address, one.rack) for one in cluster.brokers()] == [(broker.address, "")]
        may = cluster.rights([name, "nowhere"])
    assert {"Read", "Write", "Delete"} <= may[name]  # nobody keeps lists there
    assert may["nowhere"] == frozenset()
