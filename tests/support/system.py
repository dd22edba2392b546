"""The whole system for a test: real Kafka, a real S3, workers as processes of their own."""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
from confluent_kafka import Producer
from support.forked import Forked

from jobs.certs import Identity
from jobs.demo.broker import Broker
from jobs.demo.broker_security import ADMINISTRATOR
from jobs.demo.object_store import S3Server
from jobs.demo.processes import Process
from jobs.kafka import Cluster
from jobs.topics import carry_out, plan
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKeys
from schemas.regions import Region
from schemas.settings import PREFIX, RegionSettings, Settings
from schemas.wrapping import Passphrase
from storage.lake import Destination
from storage.places import location_of, open_lake, open_stores, tables_in
from storage.s3 import S3Bucket
from storage.tls import kafka_tls
from streams.worker import main as work

_PASSPHRASE = "a passphrase of tests"
EU, US = Region("eu"), Region("us")


@dataclass(frozen=True, slots=True)
class System:
    """Topics, buckets, tables and a keyring; workers come and go.

    Attributes:
        settings: As an administrator has them.
        certificates: Where everybody's are; None where nobody needs one.
    """

    folder: Path
    settings: Settings
    certificates: Path | None = None

    @classmethod
    def prepare(
        cls,
        folder: Path,
        broker: Broker,
        s3: S3Server,
        certificates: Path | None = None,
        /,
        **given: object,
    ) -> "System":
        """Make everything that a worker needs.

        Args:
            folder: For the keyring and logs.
            broker: Holds none of our topics yet.
            s3: Where buckets of this system are made.
            certificates: Those that Kafka and S3 ask for.
            given: Settings that the test cares about.
        """
        mark = uuid4().hex[:8]
        wrapping = Passphrase(_PASSPHRASE)
        (folder / "keyring").write_bytes(Keyring.generate((EU, US)).seal(wrapping))
        ledger_keys = LedgerKeys.generate((EU, US), wrapping).format()
        (folder / "keyring.ledger-key").write_bytes(ledger_keys)
        settings = Settings(
            bootstrap_servers=broker.address,
            regions=(
                RegionSettings(EU, f"eu-{mark}", "eu-central-1"),
                RegionSettings(US, f"us-{mark}", "us-east-1"),
            ),
            s3_endpoint=s3.url,
            keyring=str(folder / "keyring"),
            **_as(ADMINISTRATOR, certificates),  # type: ignore[arg-type]  # it knows the types
            **given,  # type: ignore[arg-type]  # the test knows their types
        )
        cls.prepare_topics(settings)
        for place in settings.regions:
            names = [table.name for table in tables_in(place.region, settings)]
            S3Bucket(location_of(place, settings), names).create()
        system = cls(folder, settings, certificates)
        for destination in system.lake().values():
            destination.create()
        return system

    @staticmethod
    def prepare_topics(settings: Settings) -> dict[str, bool]:
        """Create the topics that are not there; by topic, whether it was created."""
        with Cluster(settings.bootstrap_servers, tls=kafka_tls(settings, {})) as cluster:
            return carry_out(plan(settings), cluster)

    def lake(self) -> dict[tuple[str, Region], Destination]:
        """Every destination, with handles of its own."""
        return open_lake(open_stores(self.settings), self.settings)

    def worker(self, name: str = "worker", **given: str) -> Process:
        """Start a worker; it runs when this returns, but need not be ready."""
        environment = {**os.environ, **self.environment(), **given}  # noqa: TID251 - the edge
        return Forked(name, work, log=self.folder / f"{name}.log", env=environment)

    def publish(
        self, topic: str, records: Iterable[tuple[str, Mapping[str, object] | bytes | None]]
    ) -> None:
        """Publish records by device; a mapping becomes JSON. All are acknowledged on return."""
        producer = Producer(
            {"bootstrap.servers": self.settings.bootstrap_servers, "compression.type": "lz4"}
        )
        for device, value in records:
            encoded = msgspec.json.encode(value) if isinstance(value, Mapping) else value
            producer.produce(topic, encoded, key=device)
            producer.poll(0)
        assert producer.flush(30) == 0

    def offsets(self, table: str, region: Region) -> list[tuple[int, int]]:
        """(partition, offset) of every row of a table, sorted."""
        rows = self.lake()[table, region].dataset().to_table(["partition", "offset"])
        return sorted(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))

    def wait_for_rows(
        self, table: str, region: Region, count: int, *, within: timedelta = timedelta(seconds=60)
    ) -> None:
        """Return as soon as a table holds so many rows."""
        deadline = time.monotonic() + within.total_seconds()
        while (found := len(self.offsets(table, region))) < count:
            assert time.monotonic() < deadline, f"{found} of {count} rows in {table} in {region}"
            time.sleep(0.2)

    def put_aside(self) -> "System":
        """The same system with buckets for restricted and held rows of the EU."""
        (home,) = (place for place in self.settings.regions if place.region == EU)
        restricted = replace(home, bucket=f"{home.bucket}-restricted")
        holds = replace(home, bucket=f"{home.bucket}-holds")
        for place in (restricted, holds):
            S3Bucket(location_of(place, self.settings), []).create()
        settings = replace(self.settings, restricted=(restricted,), holds=(holds,))
        return replace(self, settings=settings)

    def environment(self, role: str = "worker") -> dict[str, str]:
        """The settings as a process's environment has them.

        Args:
            role: Whose certificate it has, where there are some.
        """
        identity = Identity.of(self.certificates, role).variables() if self.certificates else {}
        return {
            **identity,
            f"{PREFIX}BOOTSTRAP_SERVERS": self.settings.bootstrap_servers,
            f"{PREFIX}GROUP": self.settings.group,
            f"{PREFIX}REGIONS": _said(self.settings.regions),
            f"{PREFIX}RESTRICTED": _said(self.settings.restricted),
            f"{PREFIX}HOLDS": _said(self.settings.holds),
            f"{PREFIX}S3_ENDPOINT": self.settings.s3_endpoint,
            f"{PREFIX}KEYRING": self.settings.keyring,
            f"{PREFIX}KEYRING_PASSPHRASE": _PASSPHRASE,
            f"{PREFIX}FLUSH_PERIOD": str(self.settings.flush_period.total_seconds()),
            f"{PREFIX}FLUSH_ROWS": str(self.settings.flush_rows),
            f"{PREFIX}SESSION_TIMEOUT": str(self.settings.session_timeout.total_seconds()),
        }


def _said(places: Iterable[RegionSettings]) -> str:
    return ",".join(f"{place.region}={place.bucket}@{place.location}" for place in places)


def _as(role: str, certificates: Path | None) -> dict[str, str]:
    """The settings of somebody with a certificate."""
    if certificates is None:
        return {}
    variables = Identity.of(certificates, role).variables()
    return {
        name.removeprefix(PREFIX).lower(): text
        for name, text in variables.items()
        if name.startswith(PREFIX)
    }
