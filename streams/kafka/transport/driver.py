"""Faust's transport of the scheme `chunks://`: an event is what one fetch brought of a partition.

Aggregating has to happen where aiokafka fetches (`thread`): above it, Faust does everything once
a record, at a cost of 100 to 200 microseconds. What is above it stays Faust's own.
"""

from typing import Any

import faust
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers.aiokafka import Transport as RecordTransport
from faust.types import AppT, Message

from streams.kafka.transport.consumer import Consumer

SCHEME = "chunks"
BUFFERED = 2
"""Chunks of a topic that wait for its agent; Faust's own default is 4096."""


class Transport(RecordTransport):
    """The aiokafka driver with our consumer."""

    Consumer = Consumer
    driver_version = f"chunks/{RecordTransport.driver_version}"


class ChunkSchema(faust.Schema[Any, Any]):
    """Decodes nothing: a chunk is in its message as `batch`."""

    def loads_key(self, app: AppT, message: Message, **_more: Any) -> Any:  # noqa: ANN401, ARG002  # Faust's
        """No key: a chunk has many."""
        return message.key

    def loads_value(self, app: AppT, message: Message, **_more: Any) -> Any:  # noqa: ANN401, ARG002  # Faust's
        """No value either."""
        return message.value


def register() -> None:
    """Make Faust know `chunks://` addresses; harmless to do twice."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"


def broker_url(servers: str) -> str:
    """Faust's broker address for `host:port` of servers, with commas between."""
    return ";".join(f"{SCHEME}://{server.strip()}" for server in servers.split(","))


def chunk_topic(app: faust.App, name: str) -> Any:  # noqa: ANN401  # Faust has no types
    """A topic whose events are chunks of one partition."""
    topic = app.topic(name, schema=ChunkSchema())
    topic.maxsize = BUFFERED  # as an argument of app.topic() it is dropped in silence
    return topic
