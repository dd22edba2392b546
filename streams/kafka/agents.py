"""An agent a topic: hands each chunk to the topic's sink, and fetches again what is missing."""

import logging
import time
from typing import Any, cast

import faust
from faust.streams import Stream
from faust.types import TP

from schemas.batches import WireBatch
from schemas.metrics import BYTES_READ, OFFSETS_LOST
from streams.kafka.positions import Insist
from streams.kafka.transport.consumer import ChunkMessage, Consumer
from streams.kafka.transport.driver import chunk_topic
from streams.monitoring import Meter
from streams.sink import Sink

logger = logging.getLogger(__name__)

_SEEK_EVERY = 2.0
"""Seconds: what comes of a partition soon after it was sought was fetched before that."""


class Agents:
    """The agents of a worker.

    Args:
        consumer: Whose chunks they take.
        insist: See there.
        meter: Counts the bytes that came.
    """

    def __init__(self, consumer: Consumer, *, insist: Insist, meter: Meter) -> None:
        self._consumer = consumer
        self._insist = insist
        self._meter = meter
        self._sought: dict[TP, float] = {}

    def add(self, app: faust.App, topic: str, sink: Sink) -> None:
        """Give a topic its agent; an exception of the sink ends the app."""

        async def collect(stream: Stream[WireBatch]) -> None:
            async for event in stream.noack().events():
                await self._collect(sink, cast("ChunkMessage", event.message))

        agent: Any = collect  # Faust's type of an agent asks for its protocol of streams
        app.agent(chunk_topic(app, topic), name=topic)(agent)

    async def _collect(self, sink: Sink, message: ChunkMessage) -> None:
        """Hand over a chunk; refuse it when something is missing before it."""
        wire = message.batch
        while True:
            missing = await self._insist(lambda: sink.add(wire, message.outcome.acknowledge))
            if missing is None:
                byte_size = sum(len(value) for value in wire.values if value)
                self._meter.add(BYTES_READ, byte_size, topic=message.topic)
                return
            if not await self._is_hole(sink, wire, missing):
                message.outcome.refuse()
                await self._seek_back(message.tp, missing)
                return

    async def _is_hole(self, sink: Sink, wire: WireBatch, missing: int) -> bool:
        """Whether retention took what is missing before a chunk; then the sink is told."""
        tp = TP(wire.partition.topic, wire.partition.number)
        log_start = (await self._insist(lambda: self._consumer.log_starts([tp])))[tp]
        if log_start <= missing:
            return False
        last = min(log_start, wire.first) - 1
        logger.error("%s: retention took %d to %d unread", wire.partition, missing, last)
        sink.hole(wire.partition, last)
        self._meter.add(OFFSETS_LOST, last + 1 - missing, topic=tp.topic)
        return True

    async def _seek_back(self, tp: TP, offset: int) -> None:
        now = time.monotonic()
        if now - self._sought.get(tp, -_SEEK_EVERY) >= _SEEK_EVERY:
            self._sought[tp] = now
            logger.warning("%s:%d: fetched again from %d on", tp.topic, tp.partition, offset)
            await self._consumer.seek_back(tp, offset)
