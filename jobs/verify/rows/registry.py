"""Registrations as `fleet.devices` has them: who was what, from when until when.

A registration holds for records that came after it, strictly, until the device's next one. What
compaction took from the topic is not known any more: rows from before are not judged by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import msgspec

from jobs.kafka import Cluster, KafkaRecord
from jobs.verify.rows.names import folded
from schemas.errors import SettingsError
from schemas.lineage import Partition
from schemas.tables.devices import DEVICES_TOPIC, Device

FOR_EVER = 2**62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARK = "mark/"
"""Record keys that begin so are what an officer said of a device."""


@dataclass(frozen=True, slots=True)
class Word:
    """One record of the topic.

    Attributes:
        time: The broker's, microseconds since 1970 in UTC.
    """

    offset: int
    time: int
    key: bytes = field(repr=False)
    value: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """What holds for a device for a while.

    Attributes:
        device: Its number among the registry's devices.
        since, until: Microseconds; rows that came in (since, until] are meant.
        bound_since: Microseconds; None: the device was not bound.
        consents: What its owner said yes to.
        cancelled: The account was closed; the other words are empty.
        account: Raw, so never shown.
    """

    device: int
    since: int
    until: int
    vendor: str = ""
    model: str = ""
    country: str = ""
    bound_since: int | None = None
    consents: frozenset[str] = frozenset()
    cancelled: bool = False
    account: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """What an officer said of a device, and for how long that was the last word.

    Attributes:
        erased: The moment up to which its owner's rows are gone, microseconds; None: nobody's are.
    """

    device: int
    since: int
    until: int
    restricted: bool
    stopped: bool
    erased: int | None
    holds: tuple[str, ...] = ()


_Kind = TypeVar("_Kind", Registered, Marked)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What names somebody; raw, so never shown.

    Attributes:
        kind: `device` or `account`.
        vendor: Whose promise it breaks where it is found.
    """

    kind: str
    text: str = field(repr=False)
    vendor: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The topic, read once.

    Attributes:
        devices: Each device's identifier by its number, as it was first sent.
        identifiers: Everything that names a device or an account.
        records: How many were read.
    """

    devices: tuple[str, ...] = field(repr=False)
    registered: tuple[Registered, ...] = field(repr=False)
    marked: tuple[Marked, ...] = field(default=(), repr=False)
    identifiers: tuple[Identifier, ...] = field(default=(), repr=False)
    records: int = 0

    @classmethod
    def of(cls, words: Iterable[Word]) -> "Registry":
        """Read records in offset order; what is no registration changes nothing."""
        return _Reader().read(words)


def read_registry(cluster: Cluster) -> Registry:
    """The registry from the cluster's topic.

    Raises:
        SettingsError: There is no such topic, or it may not be read.
        RetryableError: Kafka does not answer.
    """
    topic = cluster.topics([DEVICES_TOPIC]).get(DEVICES_TOPIC)
    if topic is None:
        raise SettingsError(f"{DEVICES_TOPIC}: there is no such topic")
    first = cluster.beginnings(topic)[0]
    partition = Partition(topic.name, topic.id, 0)
    return Registry.of(map(word_of, cluster.records(partition, first=first)))


def word_of(record: KafkaRecord) -> Word:
    """A record of the topic, as Kafka has it."""
    time = (record.ingest_time - _EPOCH) // timedelta(microseconds=1)
    return Word(record.position.offset, time, record.key or b"", record.value)


@dataclass(slots=True)
class _Reader:
    """Puts each device's registrations one behind the other."""

    numbers: dict[str, int] = field(default_factory=dict)
    devices: list[str] = field(default_factory=list)
    registered: dict[int, list[Registered]] = field(default_factory=lambda: defaultdict(list))
    marked: dict[int, list[Marked]] = field(default_factory=lambda: defaultdict(list))
    identifiers: dict[tuple[str, str], Identifier] = field(default_factory=dict)
    records: int = 0

    def read(self, words: Iterable[Word]) -> Registry:
        for word in words:
            self.records += 1
            self._take(word)
        return Registry(
            tuple(self.devices),
            tuple(_ended(self.registered)),
            tuple(_ended(self.marked)),
            tuple(self.identifiers.values()),
            self.records,
        )

    def _take(self, word: Word) -> None:
        try:
            key = word.key.decode()
            if key.startswith(MARK):
                self._mark(key.removeprefix(MARK), word)
            elif word.value is None:
                number = self._number(key)
                self.registered[number].append(
                    Registered(number, word.time, FOR_EVER, cancelled=True)
                )
            else:
                self._register(msgspec.json.decode(word.value, type=Device), word.time)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return

    def _register(self, device: Device, time: int) -> None:
        number = self._number(device.device)
        refused = {one.name for one in device.consents if not one.granted}
        consents = frozenset(one.name for one in device.consents) - refused
        self.registered[number].append(
            Registered(
                number,
                time,
                FOR_EVER,
                device.vendor,
                device.model,
                device.country,
                device.bound_since,
                consents,
                account=device.account,
            )
        )
        for kind, text in (("device", device.device), ("account", device.account)):
            self.identifiers[kind, text] = Identifier(kind, text, device.vendor)

    def _mark(self, device: str, word: Word) -> None:
        number = self._number(device)
        said = {} if word.value is None else msgspec.json.decode(word.value)
        if isinstance(said, dict):
            self.marked[number].append(
                Marked(
                    number,
                    word.time,
                    FOR_EVER,
                    restricted=bool(said.get("restricted")),
                    stopped=bool(said.get("stopped")),
                    erased=said.get("erased"),
                    holds=tuple(map(str, said.get("holds", ()))),
                )
            )

    def _number(self, device: str) -> int:
        number = self.numbers.setdefault(folded(device), len(self.devices))
        if number == len(self.devices):
            self.devices.append(device)
        return number


def _ended(histories: Mapping[int, Sequence[_Kind]]) -> Iterator[_Kind]:
    """Each with the time at which the device's next one came; of one instant the last counts."""
    for history in histories.values():
        for one, after in pairwise(history):
            if after.since > one.since:
                yield replace(one, until=after.since)
        yield history[-1]
