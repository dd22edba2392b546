from pathlib import Path

import pytest
from support.corpus import VALETUDO, needs_valetudo
from typer.testing import CliRunner

from jobs.cli import app
from jobs.demo.broker import Broker
from jobs.demo.fleet.publish import Line, lines
from jobs.kafka import Cluster, KafkaRecord
from jobs.topics import NAMES
from schemas.lineage import Partition
from schemas.settings import PREFIX
from schemas.tables.devices import DEVICES_TOPIC

pytestmark = pytest.mark.kafka
At = tuple[str, int, int]


def run(broker: Broker, *arguments: str) -> str:
    """What a command says, which must not fail."""
    env = {PREFIX + "BOOTSTRAP_SERVERS": broker.address, PREFIX + "PARTITIONS": "2"}
    result = CliRunner(env=env).invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def everything(broker: Broker) -> dict[At, KafkaRecord]:
    with Cluster(broker.address) as cluster:
        return {
            (topic.name, number, record.position.offset): record
            for topic in cluster.topics(NAMES).values()
            for number in range(topic.partitions)
            for record in cluster.records(Partition(topic.name, topic.id, number), first=0)
        }


def journal(file: Path) -> dict[At, Line]:
    with file.open() as text:
        return {(one.topic, one.partition, one.offset): one for one in lines(text)}


def test_the_journal_has_every_record_once_where_it_is(own_broker: Broker, tmp_path: Path) -> None:
    run(own_broker, "topics", "create")
    file = tmp_path / "journal"
    said = run(
        own_broker,
        *("fleet", "--robots", "20", "--seed", "7", "--rate", "0", "--records", "3000"),
        *("--journal", str(file)),
    )
    assert "sent 3,000 records" in said
    written, found = journal(file), everything(own_broker)
    assert written.keys() == found.keys()
    assert len(found) == 3_000
    assert {one.how for one in written.values()} >= {"registration", "stored", "rejected"}
    names = {(record.key or b"").decode() for record in found.values()}
    assert not any(name in file.read_text() + said for name in names if name)


@needs_valetudo
def test_real_robots_maps_are_sent_and_the_command_ends(own_broker: Broker) -> None:
    run(own_broker, "topics", "create")
    said = run(own_broker, "fleet", "--rate", "0", "--valetudo", *map(str, VALETUDO))
    found = everything(own_broker)
    registered = [record for (topic, _, _), record in found.items() if topic == DEVICES_TOPIC]
    assert len(registered) == len(VALETUDO) == 9
    assert {topic for topic, _, _ in found} == {DEVICES_TOPIC, "fleet.map-tiles"}
    assert f"sent {len(found)} records" in said
