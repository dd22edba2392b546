"""A robot whose readings' times of arrival the test knows: the broker tells them to who sends."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread

import msgspec
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, Message, Producer
from support.faults.rig import wall_clock

from schemas.retention import microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PAUSE_SECONDS = 0.05


class Sender:
    """Publishes good readings of one device.

    Attributes:
        came: (partition, offset) -> when that record came, by the broker's clock.
    """

    def __init__(self, address: str, topic: str, device: str) -> None:
        self.came: dict[tuple[int, int], datetime] = {}
        self._topic = topic
        self._device = device
        self._producer = Producer({"bootstrap.servers": address, "linger.ms": 0})
        self._turn = Lock()

    def send(self, n: int, partitions: Sequence[int] = (0,)) -> None:
        """Publish so many readings to each of the partitions; all are acknowledged on return."""
        now = microseconds(wall_clock())
        reading = {"device": self._device, "event_time": now, "status": "cleaning"}
        value = msgspec.json.encode({**reading, "battery_level": 50})
        for partition in [*partitions] * n:
            self._producer.produce(
                self._topic, value, self._device, partition, on_delivery=self._remember
            )
        assert self._producer.flush(30) == 0

    @contextmanager
    def sending(self, n: int, partitions: Sequence[int]) -> Iterator[None]:
        """Publish so many again and again meanwhile, but while `held`."""
        ended = Event()

        def go_on() -> None:
            while not ended.wait(_PAUSE_SECONDS):
                with self._turn:
                    self.send(n, partitions)

        thread = Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def held(self) -> Lock:
        """Who has it: nothing is under way, and nothing is sent but by themselves."""
        return self._turn

    def _remember(self, error: KafkaError | None, message: Message) -> None:
        assert error is None
        kind, milliseconds = message.timestamp()
        partition, offset = message.partition(), message.offset()
        assert kind == TIMESTAMP_LOG_APPEND_TIME
        assert partition is not None
        assert offset is not None
        self.came[partition, offset] = _EPOCH + timedelta(milliseconds=milliseconds)
