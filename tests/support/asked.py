"""Robots of several owners on folders and a Kafka: what one of them asks for, and what is others'.

Alice has two robots; one of them was somebody else's before `BOUND`. Bob has one. Rows lie in every
table, under two versions of the key, are restricted, and were held; raw records wait in Kafka.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from support.holding import SECRET, Bucket
from support.lake import PARTITION
from support.office import ALICE, BOB, EU, PASS, House
from support.rows import rows_of
from support.tile_rows import packed, tile_rows
from typer.testing import CliRunner

from jobs.cli import app, status
from jobs.kafka import Cluster
from jobs.keys import rotation
from jobs.office.requests import receive
from jobs.subjects.access.search.sources import Sources
from jobs.subjects.case import Asked, Case, open_cases
from jobs.subjects.roll import Roll, read
from jobs.subjects.subject import Named, wanted
from jobs.topics import carry_out, plan
from schemas.acts import Ground
from schemas.approvals import approval_of, proposals
from schemas.errors import FortnightError
from schemas.keyring import Keyring
from schemas.ledger_keys import LedgerKeys
from schemas.regions import Residency
from schemas.requests import Request, Right
from schemas.retention import FORTNIGHT, microseconds
from schemas.settings import PREFIX, Settings
from schemas.tables import CLEANING_HISTORY, DEAD_LETTERS, MAP_TILES, TELEMETRY
from storage.directory import DirectoryStore
from storage.lake import Destination
from storage.layout import DataPath, object_key
from storage.parquet import describe, encode

NOW = datetime.now(UTC)  # noqa: TID251 - Kafka's clock is the machine's
BOUND = NOW - timedelta(hours=3)
BEFORE, AFTER = BOUND - timedelta(hours=1), BOUND + timedelta(hours=1)
FIRST, SECOND, OTHER = "Alice-0001", "Alice-0002", "Bob-0001"
PASSPHRASE = "correct horse battery staple"


def pseudonym_of(device: str, secret: bytes, version: int) -> str:
    """As the documentation says it, and not by the code that is tested."""
    key = hmac.digest(secret, b"fortnight/device\x01", hashlib.sha256)
    canonical = device.replace("-", "").lower()
    return f"k{version}:{hmac.digest(key, canonical.encode(), hashlib.sha256)[:16].hex()}"


def registration(device: str, account: str, bound: datetime) -> bytes:
    """As the account service sends it."""
    said = {"vendor": "smarock", "model": "X1", "country": "DE", "account": account}
    consents = [{"name": "telemetry", "granted": True, "since": microseconds(bound)}]
    bound_since = microseconds(bound)
    return msgspec.json.encode(
        {"device": device, "bound_since": bound_since, "consents": consents, **said}
    )


def reading(device: str, at: datetime) -> dict[str, Any]:
    """As a robot sends it."""
    return {"device": device, "event_time": microseconds(at), "status": "cleaning"}


@dataclass(slots=True)
class World:
    """A region on folders, its Kafka, and what is in both.

    Attributes:
        address: Of Kafka.
        mine: (where, table, offset) of each row that Alice has to get.
        records: Contents of each record in Kafka that she has to get.
    """

    house: House
    keyring: Keyring
    address: str
    cluster: Cluster
    tables: Mapping[str, Destination]
    restricted: Destination
    held: Bucket
    mine: set[tuple[str, str, int]] = field(default_factory=set)
    records: list[bytes] = field(default_factory=list)
    _next: int = 1000

    @classmethod
    def build(cls, folder: Path, cluster: Cluster, settings: Settings) -> "World":
        """Everything that the module tells."""
        house = House.build(folder)
        rotation.rotate(house.office(NOW), house.keyring, PASS, Ground.SCHEDULE)
        store = DirectoryStore(folder / "eu")
        tables = {
            table.name: Destination(table, EU, store)
            for table in (TELEMETRY, CLEANING_HISTORY, MAP_TILES, DEAD_LETTERS)
        }
        restricted = Destination(TELEMETRY, EU, DirectoryStore(folder / "restricted"))
        for one in (*tables.values(), restricted):
            one.create()
        keyring, address = house.keys(), settings.bootstrap_servers  # opened once: that is slow
        held = Bucket.build(folder / "held")
        world = cls(house, keyring, address, cluster, tables, restricted, held)
        carry_out(plan(settings), cluster)
        world._register()
        world._store()
        world._send()
        return world

    def name(self, device: str, version: int) -> str:
        """A robot's pseudonym."""
        key = self.keyring.version(EU, version)
        return pseudonym_of(device, key.secret, version)

    def roll(self, *subjects: str) -> Roll:
        """What is told of the subjects' robots."""
        return read(self.cluster, wanted([Named.parse(one) for one in subjects]))

    def ask(self, number: str, subject: str) -> None:
        """A request comes in."""
        kind, _, name = subject.partition(":")
        tag = self.house.key.tag(kind, name)
        office = self.house.office(NOW)
        receive(office, Request(number, Right.ACCESS, NOW.date(), tag))

    def cases(self, roll: Roll, *lines: str) -> tuple[Case, ...]:
        """Open requests, by lines of a number and a subject."""
        asked = [Asked.parse(line) for line in lines]
        office = self.house.office(NOW, ALICE)
        rights = (Right.ACCESS,)
        return open_cases(office, asked, roll, residency=Residency.shipped(), rights=rights)

    def approve(self) -> None:
        """A second person approves all that waits."""
        office = self.house.office(NOW, BOB)
        for waiting in proposals(office.ledger.entries()).values():
            if waiting.approved is None:
                office.record(approval_of(waiting, BOB, NOW))

    def said(self, *command: str, code: int = 0) -> str:
        """What a command prints, to whom this machine knows."""
        found = CliRunner().invoke(app, command, env=self._environment())
        error = found.exception
        got = status(error) if isinstance(error, FortnightError) else found.exit_code
        assert got == code, (found.output, error)
        return found.output

    def _environment(self) -> dict[str, str]:
        folder, key = self.house.folder, self.house.key
        wrapped = PASS.wrap(key.secret, {"region": EU, "version": "ledger"})
        public = key.signing.public_key()
        ledger_key = LedgerKeys({EU: public}, {EU: wrapped}).format()
        (folder / "keyring.ledger-key").write_bytes(ledger_key)
        places = {
            "REGIONS": "eu",
            "RESTRICTED": "restricted",
            "HOLDS": "held",
            "ANCHORS": "anchors",
        }
        return {
            **{
                PREFIX + name: f"eu=file:{folder / place}@eu-central-1"
                for name, place in places.items()
            },
            PREFIX + "BOOTSTRAP_SERVERS": self.address,
            PREFIX + "KEYRING": str(self.house.keyring),
            PREFIX + "KEYRING_PASSPHRASE": "correct horse battery staple",
            PREFIX + "S3_ENDPOINT": "http://127.0.0.1:1",  # so that the system says who calls
        }

    @property
    def sources(self) -> Sources:
        """Where a search looks."""
        return Sources(
            region=EU,
            tables=[*self.tables.values()],
            restricted=[self.restricted],
            holds=self.held.store,
            unwrap=lambda _: SECRET,
            dead_letters=self.tables[DEAD_LETTERS.name],
            cluster=self.cluster,
            keyring=self.keyring,
            late_window=timedelta(days=9),
        )

    def _register(self) -> None:
        said = [
            (FIRST, registration(FIRST, "somebody", BOUND - timedelta(days=5))),
            (FIRST, registration(FIRST, "alice", BOUND)),
            (SECOND, registration(SECOND, "alice", BOUND - timedelta(days=99))),
            (OTHER, registration(OTHER, "bob", BOUND - timedelta(days=99))),
        ]
        self._publish("fleet.devices", said)

    def _publish(
        self,
        topic: str,
        records: Iterable[tuple[str, bytes]],
        headers: Iterable[tuple[str, bytes]] = (),
    ) -> list[tuple[int, int]]:
        with self.cluster.producer() as producer:
            sent = [
                producer.send(topic, device.encode(), value, headers) for device, value in records
            ]
            return [wait() for wait in sent]

    def _store(self) -> None:
        """Rows of everybody in every table; files in which nobody asks for anything, too."""
        first = [(FIRST, 1, AFTER), (FIRST, 2, AFTER), (FIRST, 1, BEFORE), (OTHER, 1, AFTER)]
        second = [(SECOND, 2, BEFORE), (SECOND, 1, AFTER)]
        for place in self.tables.values():
            if place.table is not DEAD_LETTERS:
                self._commit("rows", place, [*first, *second])
                self._commit("rows", place, second * 5)
                self._commit("rows", place, [(OTHER, 1, AFTER), (OTHER, 2, BEFORE)])
        self._commit("rows", self.tables[MAP_TILES.name], [*first, *second], is_packed=True)
        self._commit("restricted", self.restricted, [*second, *first])
        devices = [tuple(self.name(one, n) for n in (1, 2)) for one in (FIRST, OTHER)]
        self.held.hold(devices=tuple(devices), tables=(TELEMETRY,))
        readings = self.tables[TELEMETRY.name]
        due = self._commit("held/H-1", readings, first)
        self.held.keeper.keep_files(readings, [due])
        readings.drop([due], reason="expire", now=NOW)

    def _commit(
        self,
        where: str,
        place: Destination,
        rows: list[tuple[str, int, datetime]],
        *,
        is_packed: bool = False,
    ) -> Any:  # noqa: ANN401 - of a module that this page need not know
        """One file of these rows, in the table."""
        table, offsets = place.table, range(self._next, self._next + len(rows))
        self._next += len(rows)
        columns: dict[str, Any] = {
            "device": [self.name(device, version) for device, version, _ in rows],
            "key_version": [version for _, version, _ in rows],
            "event_time": [at for _, _, at in rows],
            "offset": offsets,
            "country": ["DE"] * len(rows),
            "vendor": ["smarock"] * len(rows),
            "pixel_size": [5] * len(rows),
        }
        make = tile_rows if table is MAP_TILES else partial(rows_of, table)
        content = make(len(rows), **columns)
        content = packed(content) if is_packed else content
        data, path = encode(content, table), DataPath(NOW.date(), _hour(NOW + FORTNIGHT), uuid4())
        place.store.put(object_key(table.name, path), data)
        file = describe(content, data, path, NOW)
        place.versions([PARTITION.application_id])
        place.append([file], {PARTITION.application_id: self._next})
        self.mine |= {
            (where, table.name, offset)
            for (device, _, at), offset in zip(rows, offsets, strict=True)
            if device == SECOND or (device == FIRST and at == AFTER)
        }
        return file

    def _send(self) -> None:
        """Raw records of everybody; two were rejected, one of them Alice's."""
        good = msgspec.json.encode(reading(FIRST, AFTER))
        poison = b'\xff{"not json'
        before, others = reading(FIRST, BEFORE), reading(OTHER, AFTER)
        sent = [
            (FIRST, good),
            (SECOND, poison),
            (FIRST, poison),  # nobody knows when it is of: maybe of before it was hers
            (FIRST, msgspec.json.encode(before)),
            (OTHER, msgspec.json.encode(others)),
            (SECOND, msgspec.json.encode(others)),  # says itself whose it is
        ]
        places = self._publish(TELEMETRY.topic, sent)
        named = msgspec.msgpack.encode(reading(SECOND, AFTER))
        headers = [("content-type", b"application/msgpack")]
        self._publish(CLEANING_HISTORY.topic, [("no key of hers", named)], headers)
        self.records = [good, poison, named]
        topic = self.cluster.topics([TELEMETRY.topic])[TELEMETRY.topic]
        self._reject(topic.id, [places[1], places[4]])

    def _reject(self, topic_id: str, places: list[tuple[int, int]]) -> None:
        n, letters = len(places), self.tables[DEAD_LETTERS.name]
        rows = rows_of(
            DEAD_LETTERS,
            n,
            topic=[TELEMETRY.topic] * n,
            topic_id=[topic_id] * n,
            partition=[number for number, _ in places],
            offset=[offset for _, offset in places],
            reason=["the record is not what it has to be"] * n,
        )
        data = encode(rows, DEAD_LETTERS)
        path = DataPath(NOW.date(), _hour(NOW + FORTNIGHT), uuid4())
        letters.store.put(object_key(DEAD_LETTERS.name, path), data)
        letters.versions([PARTITION.application_id])
        file = describe(rows, data, path, NOW)
        letters.append([file], {PARTITION.application_id: 1})


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
